# A wrong variable stops the plan with a message that names it and what was expected.

variables {
  project        = "the-house"
  region         = "europe-west3"
  alert_email    = "operator@house.example"
  source_archive = "route.json"
}

run "wrong_project_1" {
  command = plan

  variables {
    project = "The House"
  }

  expect_failures = [var.project]
}

run "wrong_project_2" {
  command = plan

  variables {
    project = "123456789012"
  }

  expect_failures = [var.project]
}

run "wrong_region_1" {
  command = plan

  variables {
    region = "EU"
  }

  expect_failures = [var.region]
}

run "wrong_region_2" {
  command = plan

  variables {
    region = "europe-west3-a"
  }

  expect_failures = [var.region]
}

run "wrong_source_archive" {
  command = plan

  variables {
    source_archive = "build/none.zip"
  }

  expect_failures = [var.source_archive]
}

run "wrong_origin_1" {
  command = plan

  variables {
    origin = "http://house.example"
  }

  expect_failures = [var.origin]
}

run "wrong_origin_2" {
  command = plan

  variables {
    origin = "https://house.example/path"
  }

  expect_failures = [var.origin]
}

run "wrong_database" {
  command = plan

  variables {
    database = "House"
  }

  expect_failures = [var.database]
}

run "wrong_standard_sources" {
  command = plan

  variables {
    standard_sources = ["Shop"]
  }

  expect_failures = [var.standard_sources]
}

run "wrong_least_grades_1" {
  command = plan

  variables {
    least_grades = { "sprint-match/1" = "claimed" }
  }

  expect_failures = [var.least_grades]
}

run "wrong_least_grades_2" {
  command = plan

  variables {
    least_grades = { "sprint-match" = "signed" }
  }

  expect_failures = [var.least_grades]
}

run "wrong_instances_max_1" {
  command = plan

  variables {
    instances_max = 0
  }

  expect_failures = [var.instances_max]
}

run "wrong_instances_max_2" {
  command = plan

  variables {
    instances_max = 1.5
  }

  expect_failures = [var.instances_max]
}

run "wrong_archive_retention_days" {
  command = plan

  variables {
    archive_retention_days = 0
  }

  expect_failures = [var.archive_retention_days]
}

run "wrong_alert_email" {
  command = plan

  variables {
    alert_email = "operator"
  }

  expect_failures = [var.alert_email]
}

run "wrong_budget" {
  command = plan

  variables {
    budget = 0
  }

  expect_failures = [var.budget]
}

run "wrong_replica" {
  command = plan

  variables {
    replica = { bucket = "house-replica", region = "Frankfurt" }
  }

  expect_failures = [var.replica]
}
