# A copy of the archive that outlives the Google project: written by the archiver alone, deleted by nobody.

resource "aws_s3_bucket" "replica" {
  bucket              = var.bucket
  object_lock_enabled = true
}

resource "aws_s3_bucket_versioning" "replica" {
  bucket = aws_s3_bucket.replica.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.replica]
}

resource "aws_s3_bucket_public_access_block" "replica" {
  bucket                  = aws_s3_bucket.replica.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "replica" {
  bucket = aws_s3_bucket.replica.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id

  rule {
    id     = "cold"
    status = "Enabled"
    filter {}

    # Readable at once, as `house rebuild` reads it; a fifth of the standard price.
    transition {
      days          = 30
      storage_class = "GLACIER_IR"
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.replica]
}

data "aws_iam_policy_document" "encrypted_transport" {
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.replica.arn, "${aws_s3_bucket.replica.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "replica" {
  bucket     = aws_s3_bucket.replica.id
  policy     = data.aws_iam_policy_document.encrypted_transport.json
  depends_on = [aws_s3_bucket_public_access_block.replica]
}

# What the archiver may do: create, lock, read, list. Neither delete nor change the lock's terms.
data "aws_iam_policy_document" "archiver" {
  statement {
    sid       = "CreateAndRead"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"]
    resources = ["${aws_s3_bucket.replica.arn}/*"]
  }

  # Without it, an absent object looks like a forbidden one.
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.replica.arn]
  }
}

# Its key is made by hand and never seen by Terraform, whose state would keep it.
resource "aws_iam_user" "archiver" {
  name = "${var.bucket}-archiver"
}

resource "aws_iam_user_policy" "archiver" {
  name   = "archive"
  user   = aws_iam_user.archiver.name
  policy = data.aws_iam_policy_document.archiver.json
}

output "bucket" {
  description = "The replica's name."
  value       = aws_s3_bucket.replica.bucket
}

output "writer" {
  description = "The user to make a key for."
  value       = aws_iam_user.archiver.name
}
