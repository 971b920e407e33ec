# Each function's account has what its declaration needs and nothing else.

variables {
  project          = "the-house"
  region           = "europe-west3"
  alert_email      = "operator@house.example"
  source_archive   = "route.json"
  standard_sources = ["shop", "forum"]
}

run "accounts" {
  command = plan

  assert {
    condition     = keys(google_service_account.function) == keys(local.functions) && length(distinct([for account in google_service_account.function : account.account_id])) == length(local.functions)
    error_message = "Functions do not each have an account of their own."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : function.service_config[0].service_account_email == google_service_account.function[name].email])
    error_message = "A function runs as another."
  }
}

run "no_function_publishes_to_a_topic_it_does_not_own" {
  command = plan

  assert {
    condition     = keys(google_pubsub_topic_iam_binding.publisher) == keys(google_pubsub_topic.this)
    error_message = "A topic's publishers are not said."
  }

  assert {
    condition = alltrue([
      for topic, binding in google_pubsub_topic_iam_binding.publisher :
      binding.role == "roles/pubsub.publisher" && binding.topic == topic &&
      binding.members == toset([for name, function in local.functions : google_service_account.function[name].member if function.topic == topic])
    ])
    error_message = "Someone else than its owner can publish to a topic."
  }

  assert {
    condition     = toset([for right in google_project_iam_member.documents : right.role]) == toset(["roles/datastore.user"])
    error_message = "A function has another right to the whole project than to its documents."
  }
}

run "only_its_own_account_calls_a_function_that_is_not_public" {
  command = plan

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_binding.invoker) == keys(local.functions)
    error_message = "A function's invokers are not said."
  }

  assert {
    condition = alltrue([
      for name, binding in google_cloud_run_v2_service_iam_binding.invoker :
      binding.role == "roles/run.invoker" && binding.name == "house-${name}" &&
      binding.members == toset(length(local.functions[name].paths) > 0 ? ["allUsers"] : [google_service_account.function[name].member])
    ])
    error_message = "Someone else than its own account can call a function that answers nobody."
  }

  assert {
    condition = alltrue([
      for key, subscription in google_pubsub_subscription.this :
      subscription.push_config[0].oidc_token[0].service_account_email == google_service_account.function[local.subscriptions[key].function].email &&
      subscription.push_config[0].oidc_token[0].audience == local.urls[local.subscriptions[key].function] &&
      google_cloud_run_v2_service_iam_binding.invoker[local.subscriptions[key].function].members == toset([google_service_account.function[local.subscriptions[key].function].member])
    ])
    error_message = "A subscription does not push as its function's account, or that is not the function's only invoker."
  }

  assert {
    condition = alltrue([
      for name, binding in google_service_account_iam_binding.redrive :
      binding.role == "roles/iam.serviceAccountOpenIdTokenCreator" && binding.members == toset([google_service_account.function[local.front].member])
    ])
    error_message = "Someone else than the front can redrive, or the front can do more than that."
  }

  assert {
    condition     = alltrue([for name, job in google_cloud_scheduler_job.tick : job.http_target[0].oidc_token[0].service_account_email == google_service_account.function[name].email])
    error_message = "A tick comes as another account."
  }
}

run "secrets_go_only_where_they_are_asked_for" {
  command = plan

  assert {
    condition     = toset(keys(google_secret_manager_secret.this)) == toset(concat(["standard-forum", "standard-shop"], [for secret in flatten([for function in local.functions : function.secrets]) : secret if !contains(["standard.*", "oauth"], secret)]))
    error_message = "Secrets are not those that functions ask for, with one of each Standard Webhooks sender."
  }

  assert {
    condition = alltrue([
      for secret, binding in google_secret_manager_secret_iam_binding.accessor :
      binding.role == "roles/secretmanager.secretAccessor" &&
      binding.members == toset([for name, secrets in local.function_secrets : google_service_account.function[name].member if contains(secrets, secret)])
    ])
    error_message = "A function can read a secret that it did not ask for."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : length(function.service_config[0].secret_environment_variables) == length(local.function_secrets[name])])
    error_message = "A function is started with a secret that it did not ask for, or without one that it did."
  }
}

run "github_is_asked_who_somebody_is_by_the_gateway_alone" {
  command = plan

  variables {
    oauth_client_id = "Iv1.house"
  }

  assert {
    condition     = [for name, secrets in local.function_secrets : name if contains(secrets, "oauth")] == ["gateway"]
    error_message = "Another function than the gateway has the secret of the OAuth application, or it has not."
  }

  assert {
    condition     = [for name, function in google_cloudfunctions2_function.this : name if lookup(function.service_config[0].environment_variables, "HOUSE_OAUTH_CLIENT_ID", "") == "Iv1.house"] == ["gateway"]
    error_message = "Another function than the gateway is told of the OAuth application, or it is not."
  }
}

run "no_bucket_is_public" {
  command = plan

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.this : bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access])
    error_message = "A bucket could be made public."
  }

  assert {
    condition = alltrue([
      for binding in concat(values(google_storage_bucket_iam_binding.writer), values(google_storage_bucket_iam_binding.reader)) :
      length(setintersection(binding.members, ["allUsers", "allAuthenticatedUsers"])) == 0
    ])
    error_message = "A bucket is public."
  }

  assert {
    condition     = google_storage_bucket_iam_binding.writer["archive"].members == toset([for name, function in local.functions : google_service_account.function[name].member if function.bucket == "archive"])
    error_message = "Someone else than the archiver can write to the archive."
  }

  assert {
    condition = (
      google_storage_bucket_iam_binding.ledger_writer.members == toset([google_service_account.function["archiver"].member]) &&
      google_storage_bucket_iam_binding.ledger_reader.members == toset([google_service_account.function["gateway"].member]) &&
      google_storage_bucket_iam_binding.ledger_reader.role == "roles/storage.objectViewer"
    )
    error_message = "Someone else than the archiver writes the ledger, or someone else than the gateway reads it."
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.this :
      lookup(function.service_config[0].environment_variables, "HOUSE_LEDGER", "") == (local.functions[name].ledger == null ? "" : google_storage_bucket.this["ledger"].name)
    ])
    error_message = "A function does not know where the ledger is, or one does that has no business with it."
  }

  assert {
    condition     = toset([for binding in concat(values(google_storage_bucket_iam_binding.writer), values(google_storage_bucket_iam_binding.reader)) : binding.role]) == toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])
    error_message = "A function can replace or delete objects."
  }
}

run "only_the_archiver_deletes_bodies_and_only_raw_ones" {
  command = plan

  assert {
    condition = (
      google_storage_bucket_iam_binding.forgetter.bucket == google_storage_bucket.this["bodies"].name &&
      google_storage_bucket_iam_binding.forgetter.members == toset([google_service_account.function["archiver"].member])
    )
    error_message = "Someone else than the archiver can delete bodies, or it can delete elsewhere."
  }

  assert {
    condition = (
      google_storage_bucket_iam_binding.forgetter.role == "projects/the-house/roles/houseForgetter" &&
      google_project_iam_custom_role.forgetter.role_id == "houseForgetter" &&
      google_project_iam_custom_role.forgetter.permissions == toset(["storage.objects.delete", "storage.objects.list"]) &&
      endswith(google_storage_bucket_iam_binding.forgetter.condition[0].expression, "/objects/raw/\")")
    )
    error_message = "The archiver can do more with bodies than delete raw ones."
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.this :
      lookup(function.service_config[0].environment_variables, "HOUSE_BODIES", "") == (name == "archiver" ? google_storage_bucket.this["bodies"].name : "")
    ])
    error_message = "The archiver does not know where bodies are, or someone else is told to delete them."
  }
}

run "only_who_seals_or_opens_personal_text_may_use_its_key" {
  command = plan

  assert {
    condition = (
      google_kms_crypto_key_iam_binding.user.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter" &&
      google_kms_crypto_key_iam_binding.user.members == toset([for name, function in local.functions : google_service_account.function[name].member if function.keys]) &&
      length(google_kms_crypto_key_iam_binding.user.members) < length(local.functions)
    )
    error_message = "Someone may use the key-encryption key who has no need of it, or can do more than use it."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : contains(keys(function.service_config[0].environment_variables), "HOUSE_KMS_KEY")])
    error_message = "A function would not start: it is not told which key wraps the others."
  }

  assert {
    condition     = google_kms_crypto_key.this.purpose == "ENCRYPT_DECRYPT" && google_kms_crypto_key.this.rotation_period == "7776000s" && google_kms_key_ring.this.location == var.region
    error_message = "The key-encryption key does not encrypt, is not rotated, or lies elsewhere than what it protects."
  }
}

run "every_function_knows_which_evidence_is_enough" {
  command = plan

  variables {
    least_grades = { "sprint-match/1" = "signed", "duel/2" = "platform" }
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables["HOUSE_LEAST_GRADES"] == "duel/2=platform,sprint-match/1=signed"])
    error_message = "A function is not told the least grades, or not as it reads them."
  }
}

run "only_the_archiver_has_the_replicas_key" {
  command = plan

  variables {
    replica = { bucket = "house-replica", region = "eu-central-1" }
  }

  assert {
    condition = { for name, secrets in local.function_secrets : name => true if contains(secrets, "aws-secret-access-key") } == {
      for name, function in local.functions : name => true if function.bucket == "archive"
    }
    error_message = "Someone else than the archiver can write to the replica, or the archiver cannot."
  }

  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.this :
      lookup(function.service_config[0].environment_variables, "HOUSE_REPLICA", "") == (local.functions[name].bucket == "archive" ? "house-replica" : "")
    ])
    error_message = "The replica is not told to the archiver alone."
  }
}
