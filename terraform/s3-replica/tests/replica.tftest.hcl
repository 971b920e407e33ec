# What is written stays, is not public, and is written by the archiver alone.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  bucket = "house-replica"
  region = "eu-central-1"
}

run "what_is_written_stays" {
  command = plan

  assert {
    condition     = aws_s3_bucket.replica.object_lock_enabled
    error_message = "Objects cannot be locked."
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.replica.rule[0].default_retention[0].mode == "COMPLIANCE" && aws_s3_bucket_object_lock_configuration.replica.rule[0].default_retention[0].days == 365
    error_message = "Somebody could delete what is younger than a year."
  }

  assert {
    condition     = aws_s3_bucket_versioning.replica.versioning_configuration[0].status == "Enabled"
    error_message = "Objects have no versions."
  }
}

run "the_replica_is_not_public" {
  command = plan

  assert {
    condition     = alltrue([for block in [aws_s3_bucket_public_access_block.replica] : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "The bucket could be made public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.replica.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Access lists are in force."
  }
}

run "nobody_deletes" {
  command = plan

  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.archiver.statement : statement.actions])) == toset(["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention", "s3:ListBucket"])
    error_message = "The archiver may do more than create, lock, read and list."
  }
}

run "wrong_bucket" {
  command = plan
  variables { bucket = "House.Replica" }
  expect_failures = [var.bucket]
}

run "wrong_region" {
  command = plan
  variables { region = "eu-central-1a" }
  expect_failures = [var.region]
}

run "wrong_retention_days" {
  command = plan
  variables { retention_days = 0 }
  expect_failures = [var.retention_days]
}
