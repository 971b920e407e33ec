locals {
  buckets = {
    # What `house package` made.
    source = {
      retention_days = 0
      rules          = [{ action = "Delete", class = null, age = null, noncurrent = 90, prefix = null }]
    }
    # Raw bodies, which are forgotten within 30 days; what messages refer to, which has to outlive every message that
    # does (31 days, and as long again where the same is sent twice); and creatives, which stay.
    bodies = {
      retention_days = 0
      rules = [
        { action = "Delete", class = null, age = 28, noncurrent = null, prefix = ["raw/"] },
        { action = "Delete", class = null, age = 62, noncurrent = null, prefix = ["payloads/"] },
        { action = "Delete", class = null, age = null, noncurrent = 1, prefix = null },
      ]
    }
    # The public ledger, and the salts of those who are in it: of what is deleted nothing is left a day later.
    ledger = {
      retention_days = 0
      rules          = [{ action = "Delete", class = null, age = null, noncurrent = 1, prefix = null }]
    }
    # Sealed segments.
    archive = {
      retention_days = var.archive_retention_days
      rules          = [{ action = "SetStorageClass", class = "ARCHIVE", age = 30, noncurrent = null, prefix = null }]
    }
  }
  bucket_functions = { for bucket in keys(local.buckets) : bucket => [for name, function in local.functions : name if function.bucket == bucket] }
}

resource "google_storage_bucket" "this" {
  for_each                    = local.buckets
  name                        = "${var.project}-house-${each.key}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Retention rules versions out, and does more: what it keeps has no second version.
  versioning {
    enabled = each.value.retention_days == 0
  }

  # What is deleted here is meant to be gone: older versions are the way back, for as long as the rules keep them.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "retention_policy" {
    for_each = each.value.retention_days > 0 ? [each.value.retention_days] : []
    iterator = days

    content {
      # Not locked: locking cannot be undone. README.md says how.
      retention_period = days.value * 86400
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.rules
    iterator = rule

    content {
      action {
        type          = rule.value.action
        storage_class = rule.value.class
      }

      condition {
        age                        = rule.value.age
        days_since_noncurrent_time = rule.value.noncurrent
        matches_prefix             = rule.value.prefix
      }
    }
  }

  depends_on = [google_project_service.this]
}

# Names are made once and never changed, so creating and reading is all there is to do.
resource "google_storage_bucket_iam_binding" "writer" {
  for_each = { for bucket, names in local.bucket_functions : bucket => names if length(names) > 0 }
  bucket   = google_storage_bucket.this[each.key].name
  role     = "roles/storage.objectCreator"
  members  = [for name in each.value : google_service_account.function[name].member]
}

resource "google_storage_bucket_iam_binding" "reader" {
  for_each = { for bucket, names in local.bucket_functions : bucket => names if length(names) > 0 }
  bucket   = google_storage_bucket.this[each.key].name
  role     = "roles/storage.objectViewer"
  members  = [for name in each.value : google_service_account.function[name].member]
}

resource "google_storage_bucket_iam_binding" "ledger_writer" {
  bucket  = google_storage_bucket.this["ledger"].name
  role    = "roles/storage.objectUser"
  members = [for name, function in local.functions : google_service_account.function[name].member if function.ledger == "writes"]
}

# Who serves the ledger sees its packs, not the salts beside them.
resource "google_storage_bucket_iam_binding" "ledger_reader" {
  bucket  = google_storage_bucket.this["ledger"].name
  role    = "roles/storage.objectViewer"
  members = [for name, function in local.functions : google_service_account.function[name].member if function.ledger == "reads"]

  condition {
    title      = "the ledger's packs"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["ledger"].name}/objects/ledger/\")"
  }
}
