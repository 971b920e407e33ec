# The shell says two things worth waking someone for, as JSON lines: a bug and an overdue timeout (shared/runtime/logs.py).

locals {
  metrics = {
    dead-letters = "jsonPayload.kind=\"bug\" AND jsonPayload.message=\"input parked\""
    overdue      = "jsonPayload.kind=\"overdue\""
    errors       = "severity>=ERROR"
  }

  service  = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=monitoring.regex.full_match(\"house-.*\")"
  counted  = { for name in keys(local.metrics) : name => "metric.type=\"logging.googleapis.com/user/house/${name}\" AND resource.type=\"cloud_run_revision\"" }
  requests = "metric.type=\"run.googleapis.com/request_count\" AND ${local.service}"
  waiting  = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\""

  alerts = {
    "Dead letters" = {
      told = "A bug parked an input: `house dead-letters list` shows it with its stack; after a fix, `house dead-letters redrive`."
      conditions = {
        "an input was parked" = { filter = local.counted["dead-letters"], per = null, above = 0, for_s = 0, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" }
      }
    }
    "Overdue work" = {
      told = "A timeout has been retried for too long, or messages wait and nobody takes them: look at the function's log."
      conditions = {
        "a function says it is overdue"       = { filter = local.counted["overdue"], per = null, above = 0, for_s = 0, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" }
        "a message has waited for 10 minutes" = { filter = local.waiting, per = null, above = 600, for_s = 300, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX" }
      }
    }
    "Error rate" = {
      told = "More than one request in a hundred left an error in the log."
      conditions = {
        "errors a request" = { filter = local.counted["errors"], per = local.requests, above = 0.01, for_s = 300, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
      }
    }
  }
}

resource "google_logging_metric" "this" {
  for_each = local.metrics
  name     = "house/${each.key}"
  filter   = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^house-\" AND ${each.value}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key        = "function"
      value_type = "STRING"
    }
  }

  label_extractors = { function = "EXTRACT(jsonPayload.function)" }
  depends_on       = [google_project_service.this]
}

resource "google_monitoring_notification_channel" "email" {
  display_name = "House: ${var.alert_email}"
  type         = "email"
  labels       = { email_address = var.alert_email }
  depends_on   = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "this" {
  for_each              = local.alerts
  display_name          = "House: ${each.key}"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]

  documentation {
    content = each.value.told
  }

  dynamic "conditions" {
    for_each = each.value.conditions
    iterator = condition

    content {
      display_name = condition.key

      condition_threshold {
        filter             = condition.value.filter
        denominator_filter = condition.value.per
        comparison         = "COMPARISON_GT"
        threshold_value    = condition.value.above
        duration           = "${condition.value.for_s}s"

        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = condition.value.aligner
          cross_series_reducer = condition.value.reducer
        }

        dynamic "denominator_aggregations" {
          for_each = condition.value.per == null ? [] : [condition.value]

          content {
            alignment_period     = "300s"
            per_series_aligner   = denominator_aggregations.value.aligner
            cross_series_reducer = denominator_aggregations.value.reducer
          }
        }
      }
    }
  }

  depends_on = [google_logging_metric.this]
}

locals {
  charts = [
    { title = "Requests a second", filter = local.requests, by = "resource.label.service_name", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
    { title = "Latency, p99, ms", filter = "metric.type=\"run.googleapis.com/request_latencies\" AND ${local.service}", by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX" },
    { title = "Instances", filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND ${local.service}", by = "resource.label.service_name", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM" },
    { title = "Oldest message not acknowledged, s", filter = local.waiting, by = "resource.label.subscription_id", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX" },
    { title = "Dead letters", filter = local.counted["dead-letters"], by = "metric.label.function", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
    { title = "Overdue", filter = local.counted["overdue"], by = "metric.label.function", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
    { title = "Errors", filter = local.counted["errors"], by = "metric.label.function", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM" },
    { title = "Document writes a second", filter = "metric.type=\"firestore.googleapis.com/document/write_count\" AND resource.type=\"firestore_instance\"", by = "metric.label.op", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "The House"
    mosaicLayout = {
      columns = 12
      tiles = [
        for n, chart in local.charts : {
          xPos   = n % 2 * 6
          yPos   = floor(n / 2) * 4
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = [chart.by]
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.this]
}

resource "google_billing_budget" "this" {
  billing_account = data.google_project.this.billing_account
  display_name    = "House: ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }
}
