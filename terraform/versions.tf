terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.30"
    }
  }

  # The bucket is given at `terraform init`; see ./deploy.
  backend "gcs" {}
}

# Budgets belong to the billing account: their API wants to know which project asks.
provider "google" {
  project               = var.project
  region                = var.region
  user_project_override = true
  billing_project       = var.project
  default_labels        = { app = "house" }
}
