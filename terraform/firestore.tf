resource "google_firestore_database" "this" {
  name                    = var.database
  location_id             = var.region
  type                    = "FIRESTORE_NATIVE"
  concurrency_mode        = "OPTIMISTIC"
  delete_protection_state = "DELETE_PROTECTION_ENABLED"
  deletion_policy         = "ABANDON"
  # What a database remembers of itself brings destroyed keys back. It is an hour at least, and seven days with this on.
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_DISABLED"
  depends_on                        = [google_project_service.this]
}

# Google has no finer right than a database for server accounts: that a function writes its own streams only is kept
# by the store, which refuses another function's append.
resource "google_project_iam_member" "documents" {
  for_each = local.functions
  project  = var.project
  role     = "roles/datastore.user"
  member   = google_service_account.function[each.key].member

  condition {
    title      = "only this House's database"
    expression = "resource.name == \"projects/${var.project}/databases/${var.database}\""
  }

  depends_on = [google_firestore_database.this]
}

locals {
  indexes  = { for index in local.route.firestore.indexes : "${index.collection}:${join(",", [for field in index.fields : field.path])}" => index }
  composed = { for key, index in local.indexes : key => index if length(index.fields) > 1 }
  single   = { for key, index in local.indexes : key => index if length(index.fields) == 1 }
  # Without this, Firestore keeps two indexes of every field of every document, most of which nobody asks.
  unindexed = toset(local.route.firestore.collections)
}

resource "google_firestore_index" "this" {
  for_each    = local.composed
  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = each.value.fields
    iterator = field

    content {
      field_path   = field.value.path
      order        = lookup(field.value, "order", null)
      array_config = lookup(field.value, "array", null)
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each   = local.unindexed
  database   = google_firestore_database.this.name
  collection = each.key
  field      = "*"

  index_config {}
}

resource "google_firestore_field" "indexed" {
  for_each   = local.single
  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.fields[0].path

  index_config {
    indexes {
      query_scope  = each.value.scope
      order        = lookup(each.value.fields[0], "order", null)
      array_config = lookup(each.value.fields[0], "array", null)
    }
  }
}

resource "google_firestore_field" "expires" {
  for_each   = { for ttl in local.route.firestore.ttl : ttl.collection => ttl.path }
  database   = google_firestore_database.this.name
  collection = each.key
  field      = each.value

  # An index on it would be one on time, which no number of servers can share.
  index_config {}
  ttl_config {}
}
