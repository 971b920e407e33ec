# What is kept, for how long, and found by which indexes.

variables {
  project        = "the-house"
  region         = "europe-west3"
  alert_email    = "operator@house.example"
  source_archive = "route.json"
}

run "indexes_match_the_queries_the_code_makes" {
  command = plan

  assert {
    condition = toset(concat(
      [for index in google_firestore_index.this : "${index.collection} ${index.query_scope} ${join(" ", [for field in index.fields : "${field.field_path}:${coalesce(field.order, field.array_config)}"])}"],
      [for field in google_firestore_field.indexed : "${field.collection} ${one(field.index_config[0].indexes).query_scope} ${field.field}:${coalesce(one(field.index_config[0].indexes).order, one(field.index_config[0].indexes).array_config)}"],
      )) == toset([
      for index in jsondecode(file("route.json")).firestore.indexes :
      "${index.collection} ${index.scope} ${join(" ", [for field in index.fields : "${field.path}:${try(field.order, field.array)}"])}"
    ])
    error_message = "The indexes are not those of the store's queries."
  }

  assert {
    condition     = length(google_firestore_index.this) > 0
    error_message = "There is no index at all."
  }

  assert {
    condition     = toset([for field in google_firestore_field.unindexed : field.collection]) == toset(local.route.firestore.collections) && alltrue([for field in google_firestore_field.unindexed : field.field == "*"])
    error_message = "A collection's other fields would be indexed."
  }

  assert {
    condition     = { for field in google_firestore_field.expires : field.collection => field.field } == { for ttl in local.route.firestore.ttl : ttl.collection => ttl.path } && alltrue([for field in google_firestore_field.expires : length(field.ttl_config) == 1])
    error_message = "A document that is to expire would not."
  }

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database could be deleted."
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED" && contains(keys(google_firestore_field.unindexed), "keys")
    error_message = "A destroyed key could be had back for seven days, or parts of it lie in an index."
  }
}

run "the_archive_is_kept_and_gets_cheap" {
  command = plan

  assert {
    condition     = google_storage_bucket.this["archive"].retention_policy[0].retention_period == 365 * 86400
    error_message = "The archive is not retained for a year."
  }

  assert {
    condition     = one(google_storage_bucket.this["archive"].lifecycle_rule).action == toset([{ type = "SetStorageClass", storage_class = "ARCHIVE" }])
    error_message = "The archive does not move to the cheapest class, or something else happens to it."
  }

  assert {
    condition     = toset([for name, bucket in google_storage_bucket.this : name if bucket.versioning[0].enabled]) == toset(["ledger", "source"])
    error_message = "The source or the ledger keeps no older versions, or a body that is deleted stays as one."
  }
}

run "raw_bodies_go_within_thirty_days_and_payloads_outlive_their_messages" {
  command = plan

  assert {
    condition = sum(flatten([
      for rule in google_storage_bucket.this["bodies"].lifecycle_rule : [
        for condition in rule.condition : coalesce(condition.age, 0) + coalesce(condition.days_since_noncurrent_time, 0)
        if condition.matches_prefix == null || try(contains(condition.matches_prefix, "raw/"), false)
      ]
    ])) < 30
    error_message = "Raw bodies are kept for more than 30 days."
  }

  assert {
    condition = alltrue(flatten([
      for rule in google_storage_bucket.this["bodies"].lifecycle_rule : [
        for condition in rule.condition : [
          for subscription in google_pubsub_subscription.this :
          condition.age * 86400 > tonumber(trimsuffix(subscription.message_retention_duration, "s"))
        ] if try(contains(condition.matches_prefix, "payloads/"), false)
      ]
    ]))
    error_message = "A message could outlive the payload it refers to."
  }

  assert {
    condition     = google_storage_bucket.this["bodies"].soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Deleted bodies would be kept."
  }
}

run "someone_is_told" {
  command = plan

  assert {
    condition     = alltrue([for key in ["Dead letters", "Overdue work", "Error rate"] : contains(keys(google_monitoring_alert_policy.this), key)])
    error_message = "Nobody is told of dead letters, overdue work or errors."
  }

  assert {
    condition     = alltrue([for metric in google_logging_metric.this : strcontains(metric.filter, "house-")])
    error_message = "A metric counts other services' lines."
  }

  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles) == length(local.charts)
    error_message = "The dashboard lacks a chart."
  }

  assert {
    condition     = google_billing_budget.this.amount[0].specified_amount[0].units == "50"
    error_message = "There is no budget."
  }
}
