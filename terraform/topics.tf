resource "google_pubsub_topic" "this" {
  for_each = local.topics
  name     = each.key

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

# A binding, not a member: whoever else was given the right loses it at the next apply.
resource "google_pubsub_topic_iam_binding" "publisher" {
  for_each = local.topics
  topic    = google_pubsub_topic.this[each.key].name
  role     = "roles/pubsub.publisher"
  members  = [google_service_account.function[each.value.writes].member]
}

locals {
  # One for each function and topic that it names event types of. Who reads the whole log reads it from the documents.
  subscriptions = merge([
    for name, function in local.functions : {
      for topic, types in function.reads : "${name}-${topic}" => { function = name, topic = topic } if length(types) > 0
    }
  ]...)
}

# No filter on event types: changing one replaces the subscription, and with it what was not yet acknowledged.
# No dead letter topic: what cannot be handled is parked by the shell, with its reason; all else is tried again.
resource "google_pubsub_subscription" "this" {
  for_each                   = local.subscriptions
  name                       = each.key
  topic                      = google_pubsub_topic.this[each.value.topic].name
  ack_deadline_seconds       = local.functions[each.value.function].instance.timeout_s
  message_retention_duration = "2678400s" # 31 days, the longest there is
  enable_message_ordering    = contains(local.functions[each.value.function].ordered, each.value.topic)

  push_config {
    push_endpoint = "${local.urls[each.value.function]}/"

    oidc_token {
      service_account_email = google_service_account.function[each.value.function].email
      audience              = local.urls[each.value.function]
    }

    # The message arrives as the CloudEvent that it is.
    no_wrapper {
      write_metadata = true
    }
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "600s"
  }

  # Never expires, however quiet its topic is.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_binding.invoker]
}
