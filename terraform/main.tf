# Everything is made from route.json, which `house route --write` draws from the functions' own declarations.

locals {
  route     = jsondecode(file("${path.module}/route.json"))
  functions = local.route.functions
  topics    = local.route.topics

  # Cloud Run's addresses are known before there is anything at them, so a function can be told its own.
  urls = { for name in keys(local.functions) : name => "https://house-${name}-${data.google_project.this.number}.${var.region}.run.app" }
  # Who answers everything that nobody else does: the API and the pages.
  front  = one([for name, function in local.functions : name if contains(function.paths, "/")])
  origin = var.origin != "" ? var.origin : local.urls[local.front]

  services = [
    "artifactregistry", "billingbudgets", "cloudbuild", "cloudfunctions", "cloudkms", "cloudresourcemanager",
    "cloudscheduler", "firestore", "iam", "iamcredentials", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
  ]
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "this" {
  for_each           = toset(local.services)
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

# One account a function. What it may do stands beside each thing it may do it to.
resource "google_service_account" "function" {
  for_each     = local.functions
  account_id   = "house-${each.key}"
  display_name = "House: ${each.key}"
  depends_on   = [google_project_service.this]
}
