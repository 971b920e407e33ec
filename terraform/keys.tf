# The key-encryption key: it wraps the key trees, which lie in the database. Neither opens anything without the other.
resource "google_kms_key_ring" "this" {
  name       = "house"
  location   = var.region
  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key" "this" {
  name     = "key-encryption"
  key_ring = google_kms_key_ring.this.id
  purpose  = "ENCRYPT_DECRYPT"
  # A new version wraps what is written from then on. Older ones stay: trees that nobody was erased from need them.
  rotation_period = "7776000s" # 90 days

  # Without it, nothing that was ever sealed can be read again.
  lifecycle {
    prevent_destroy = true
  }
}

# Those who seal personal text or open it. All others pass on what they cannot read.
resource "google_kms_crypto_key_iam_binding" "user" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = [for name, function in local.functions : google_service_account.function[name].member if function.keys]
}
