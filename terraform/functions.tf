resource "google_storage_bucket_object" "source" {
  bucket = google_storage_bucket.this["source"].name
  # A function is built anew when its object's name changes, not when its bytes do.
  name   = "house-${filesha256(var.source_archive)}.zip"
  source = var.source_archive

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "this" {
  for_each    = local.functions
  name        = "house-${each.key}"
  location    = var.region
  description = "Writes ${each.value.topic}: ${join(", ", distinct(each.value.shapes))}"

  build_config {
    runtime         = "python312"
    entry_point     = each.key
    service_account = google_service_account.build.id

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    available_memory                 = "${each.value.instance.memory_mib}Mi"
    available_cpu                    = tostring(each.value.instance.cpu)
    max_instance_request_concurrency = each.value.instance.concurrency
    max_instance_count               = var.instances_max
    timeout_seconds                  = each.value.instance.timeout_s
    service_account_email            = google_service_account.function[each.key].email
    all_traffic_on_latest_revision   = true
    # Whom a function answers is a matter of identity: the front redrives dead letters, and it calls from outside, too.
    ingress_settings = "ALLOW_ALL"

    environment_variables = merge({
      GOOGLE_CLOUD_PROJECT = var.project
      FUNCTION_USE_ASGI    = "true"
      HOUSE_ORIGIN         = local.origin
      HOUSE_DATABASE       = var.database
      HOUSE_BUCKET         = google_storage_bucket.this[each.value.bucket].name
      HOUSE_KMS_KEY        = google_kms_crypto_key.this.id
      HOUSE_AUDIENCE       = local.urls[each.key]
      HOUSE_INVOKER        = google_service_account.function[each.key].email
      }, each.key != local.front ? {} : {
      HOUSE_URLS     = jsonencode(local.urls)
      HOUSE_ACCOUNTS = jsonencode({ for name, account in google_service_account.function : name => account.email })
      }, !contains(local.function_secrets[each.key], "oauth") ? {} : {
      HOUSE_OAUTH_CLIENT_ID = var.oauth_client_id
      }, length(var.least_grades) == 0 ? {} : {
      HOUSE_LEAST_GRADES = join(",", [for purpose, grade in var.least_grades : "${purpose}=${grade}"])
      }, each.value.ledger == null ? {} : {
      HOUSE_LEDGER = google_storage_bucket.this["ledger"].name
      }, each.value.bucket != "archive" ? {} : {
      HOUSE_BODIES = google_storage_bucket.this["bodies"].name
      }, var.replica == null || each.value.bucket != "archive" ? {} : {
      HOUSE_REPLICA      = var.replica.bucket
      AWS_DEFAULT_REGION = var.replica.region
    })

    dynamic "secret_environment_variables" {
      for_each = local.function_secrets[each.key]
      iterator = secret

      content {
        key        = "${startswith(secret.value, "aws-") ? "" : "HOUSE_SECRET_"}${upper(replace(secret.value, "/[^A-Za-z0-9]/", "_"))}"
        project_id = var.project
        secret     = google_secret_manager_secret.this[secret.value].secret_id
        version    = "latest"
      }
    }
  }

  depends_on = [
    google_project_iam_member.build,
    google_secret_manager_secret_iam_binding.accessor,
  ]
}

# A function that answers people checks by itself who asks. All others are called by their own account alone.
resource "google_cloud_run_v2_service_iam_binding" "invoker" {
  for_each = local.functions
  location = var.region
  name     = google_cloudfunctions2_function.this[each.key].name
  role     = "roles/run.invoker"
  members  = each.value.http ? ["allUsers"] : [google_service_account.function[each.key].member]
}

# A redrive comes as the function's own account, too, so that it stays the only one that may call.
resource "google_service_account_iam_binding" "redrive" {
  for_each           = { for name, function in local.functions : name => function if name != local.front }
  service_account_id = google_service_account.function[each.key].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  members            = [google_service_account.function[local.front].member]
}

# Builds run as an account that can read the source, keep the image and write its log, nothing else.
resource "google_service_account" "build" {
  account_id   = "house-build"
  display_name = "House: builds the functions"
  depends_on   = [google_project_service.this]
}

resource "google_project_iam_member" "build" {
  for_each = toset(["roles/artifactregistry.writer", "roles/logging.logWriter", "roles/storage.objectViewer"])
  project  = var.project
  role     = each.key
  member   = google_service_account.build.member
}

# Relays what a crash left unpublished, wakes what is due, runs draws and scheduled errands.
resource "google_cloud_scheduler_job" "tick" {
  for_each         = local.functions
  name             = "house-${each.key}-tick"
  region           = var.region
  schedule         = "*/${max(1, floor(each.value.tick.every_s / 60))} * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "${each.value.instance.timeout_s}s"

  http_target {
    http_method = "POST"
    uri         = "${local.urls[each.key]}${each.value.tick.path}"

    oidc_token {
      service_account_email = google_service_account.function[each.key].email
      audience              = local.urls[each.key]
    }
  }

  # The next tick does what this one could not.
  retry_config {
    retry_count = 0
  }

  depends_on = [google_cloud_run_v2_service_iam_binding.invoker]
}
