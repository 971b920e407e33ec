output "origin" {
  description = "The public URL that invitations name."
  value       = local.origin
}

output "webhooks" {
  description = "Where GitHub and Standard Webhooks senders post to."
  value       = flatten([for name, function in local.functions : [for path in function.paths : "${local.urls[name]}${path}"] if !contains(function.paths, "/")])
}

output "secrets" {
  description = "The secrets that have to have a value."
  value       = local.secrets
}

output "source" {
  description = "The archive that the functions run; its name carries its content hash."
  value       = google_storage_bucket_object.source.name
}
