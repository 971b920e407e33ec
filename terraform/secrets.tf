locals {
  # `standard.*` stands for one secret of each sender; there is `oauth` where developers sign in through GitHub. Who
  # fills the archive has the replica's key.
  function_secrets = {
    for name, function in local.functions : name => toset(concat(
      flatten([
        for secret in function.secrets :
        endswith(secret, ".*") ? [for source in var.standard_sources : "${trimsuffix(secret, ".*")}-${source}"] : [secret]
        if secret != "oauth" || var.oauth_client_id != ""
      ]),
      var.replica != null && function.bucket == "archive" ? ["aws-access-key-id", "aws-secret-access-key"] : [],
    ))
  }
  secrets = setunion([], values(local.function_secrets)...)
}

# Their values never pass through Terraform, whose state would keep them; ./deploy puts them here once.
resource "google_secret_manager_secret" "this" {
  for_each  = local.secrets
  secret_id = each.key

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_iam_binding" "accessor" {
  for_each  = local.secrets
  secret_id = google_secret_manager_secret.this[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  members   = [for name, secrets in local.function_secrets : google_service_account.function[name].member if contains(secrets, each.key)]
}
