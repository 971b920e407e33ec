locals {
  buckets = {
    # What `house package` made.
    source = {
      versions       = true
      retention_days = 0
      rules          = [{ action = "Delete", class = null, age = null, noncurrent = 90, prefix = null }]
    }
    # Raw bodies, which are forgotten within 30 days, or when who they are about wants it; what messages refer to, which has to outlive every message that
    # does (31 days, and as long again where the same is sent twice); and creatives, which stay.
    bodies = {
      versions       = false
      retention_days = 0
      rules = [
        { action = "Delete", class = null, age = 28, noncurrent = null, prefix = ["raw/"] },
        { action = "Delete", class = null, age = 62, noncurrent = null, prefix = ["payloads/"] },
      ]
    }
    # The public ledger. Of packs that others absorbed nothing is left a day after they were deleted.
    ledger = {
      versions       = true
      retention_days = 0
      rules          = [{ action = "Delete", class = null, age = null, noncurrent = 1, prefix = null }]
    }
    # Sealed segments. Retention rules versions out, and does more: what it keeps has no second version.
    archive = {
      versions       = false
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

  versioning {
    enabled = each.value.versions
  }

  # What is deleted here is meant to be gone: older versions, where there are any, are the way back while rules keep them.
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

resource "google_storage_bucket_iam_binding" "ledger_reader" {
  bucket  = google_storage_bucket.this["ledger"].name
  role    = "roles/storage.objectViewer"
  members = [for name, function in local.functions : google_service_account.function[name].member if function.ledger == "reads"]
}

# Google's own roles that delete also create, read or replace.
resource "google_project_iam_custom_role" "forgetter" {
  role_id = "houseForgetter"
  title   = "House: deletes raw bodies"
  # To be told that a body is gone already, instead of that it may not be touched, takes the right to list.
  permissions = ["storage.objects.delete", "storage.objects.list"]
  depends_on  = [google_project_service.this]
}

# Who keeps the archive lets developers be forgotten: what no key seals, it deletes.
resource "google_storage_bucket_iam_binding" "forgetter" {
  bucket  = google_storage_bucket.this["bodies"].name
  role    = "projects/${var.project}/roles/${google_project_iam_custom_role.forgetter.role_id}"
  members = [for name in local.bucket_functions.archive : google_service_account.function[name].member]

  condition {
    title      = "raw bodies"
    expression = "resource.type != \"storage.googleapis.com/Object\" || resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.this["bodies"].name}/objects/raw/\")"
  }
}
