variable "bucket" {
  description = "Name of the replica; bucket names are unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket is an S3 bucket name: 3 to 63 of a-z, 0-9 and -, a letter or digit first and last, no dots."
  }
}

variable "region" {
  description = "Where the replica lies, for example eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is an AWS region such as eu-central-1; not an availability zone (eu-central-1a)."
  }
}

variable "retention_days" {
  description = "For how long nobody, not even the account's owner, can delete what lies in the replica."
  type        = number
  default     = 365

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number from 1 to 36500."
  }
}
