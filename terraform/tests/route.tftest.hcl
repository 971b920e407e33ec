# What is deployed is the route: topics, who writes them, who reads them, who is woken.

variables {
  project        = "the-house"
  region         = "europe-west3"
  alert_email    = "operator@house.example"
  source_archive = "route.json"
}

run "the_route" {
  command = plan

  assert {
    condition     = length(local.functions) > 0 && keys(google_cloudfunctions2_function.this) == keys(local.functions)
    error_message = "Not every function is deployed."
  }

  assert {
    condition     = sort(keys(google_pubsub_topic.this)) == sort([for function in local.functions : function.topic])
    error_message = "There is not exactly one topic for each writing function."
  }

  assert {
    condition     = alltrue([for key, topic in google_pubsub_topic.this : topic.name == key])
    error_message = "A topic is not named after what it carries."
  }

  assert {
    condition = toset(keys(google_pubsub_subscription.this)) == toset(flatten([
      for name, function in local.functions : [for topic, types in function.reads : "${name}-${topic}" if length(types) > 0]
    ]))
    error_message = "Subscriptions are not exactly those of the functions' declarations."
  }

  assert {
    condition     = alltrue([for key, subscription in google_pubsub_subscription.this : subscription.enable_message_ordering == contains(local.functions[local.subscriptions[key].function].ordered, local.subscriptions[key].topic)])
    error_message = "A subscription is ordered though its reader did not ask for it, or not though it did."
  }

  assert {
    condition     = keys(google_cloud_scheduler_job.tick) == keys(local.functions)
    error_message = "A function is never woken."
  }

  assert {
    condition     = alltrue([for name, job in google_cloud_scheduler_job.tick : job.http_target[0].uri == "${local.urls[name]}/tick" && job.schedule == "*/1 * * * *"])
    error_message = "A tick goes elsewhere, or not every minute."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : strcontains(function.build_config[0].source[0].storage_source[0].object, filesha256("route.json"))])
    error_message = "The archive's name does not carry its content hash, so nothing would be deployed anew."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : function.build_config[0].entry_point == name])
    error_message = "A function starts as another."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].max_instance_request_concurrency > 1 && tonumber(function.service_config[0].available_cpu) >= 1])
    error_message = "Google allows concurrency above one only with a whole CPU."
  }
}

run "every_subscription_pushes_events_as_they_are_until_they_are_handled" {
  command = plan

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.retry_policy) == 1])
    error_message = "A subscription has no retry policy, so a failing function would be hammered."
  }

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.push_config[0].no_wrapper[0].write_metadata])
    error_message = "A subscription does not push CloudEvents as they are."
  }

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.expiration_policy[0].ttl == ""])
    error_message = "A subscription of a quiet topic would expire."
  }

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.dead_letter_policy) == 0])
    error_message = "Only the shell parks, with its reason."
  }

  assert {
    condition     = alltrue([for key, subscription in google_pubsub_subscription.this : subscription.push_config[0].push_endpoint == "${local.urls[local.subscriptions[key].function]}/"])
    error_message = "A subscription pushes to another function."
  }

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.message_retention_duration == "2678400s"])
    error_message = "A message would not live as long as it can."
  }
}
