variable "project" {
  description = "Id of the Google Cloud project; it belongs to this House alone."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is the id of a Google Cloud project: 6 to 30 of a-z, 0-9 and -, a letter first, not its number or its name."
  }
}

variable "region" {
  description = "Where functions, documents, messages and objects live, for example europe-west3."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a Google Cloud region such as europe-west3; not a zone (europe-west3-a), not a multi-region (EU)."
  }
}

variable "source_archive" {
  description = "The archive that `house package` made."
  type        = string
  default     = "../build/house.zip"

  validation {
    condition     = fileexists(var.source_archive)
    error_message = "source_archive names no file: make it first with `house package`."
  }
}

variable "origin" {
  description = "The public URL that invitations name; empty: the gateway's own."
  type        = string
  default     = ""

  validation {
    condition     = var.origin == "" || can(regex("^https://[^/?#@]+$", var.origin))
    error_message = "origin is empty or an https URL without a path, for example https://house.example."
  }
}

variable "database" {
  description = "Id of the Firestore database. Only (default) has Google's free daily quota."
  type        = string
  default     = "(default)"

  validation {
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "database is (default), or 4 to 63 of a-z, 0-9 and -, a letter first."
  }
}

variable "standard_sources" {
  description = "Names of the Standard Webhooks senders; the secret standard-<name> holds each one's whsec_…"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for source in var.standard_sources : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", source))])
    error_message = "standard_sources are names of 1 to 63 of a-z, 0-9, _ and -, a letter or digit first."
  }
}

variable "oauth_client_id" {
  description = "The id of an OAuth application of GitHub's, through which developers sign in; the secret oauth holds its secret."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{0,128}$", var.oauth_client_id))
    error_message = "oauth_client_id is up to 128 of A-Z, a-z, 0-9, ., _ and -."
  }
}

variable "least_grades" {
  description = "The least grade of evidence that an opt-in has to have, by purpose: platform (as without) or signed."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for purpose, grade in var.least_grades : can(regex("^[a-z0-9][a-z0-9-]{0,63}/[0-9]{1,4}$", purpose)) && contains(["platform", "signed"], grade)])
    error_message = "least_grades are purposes with platform or signed, for example { \"sprint-match/1\" = \"signed\" }."
  }
}

variable "instances_max" {
  description = "How many instances each function may have at once; the brake on what a flood can cost."
  type        = number
  default     = 20

  validation {
    condition     = var.instances_max >= 1 && var.instances_max <= 1000 && floor(var.instances_max) == var.instances_max
    error_message = "instances_max is a whole number from 1 to 1000."
  }
}

variable "archive_retention_days" {
  description = "For how long nobody can delete or replace what lies in the archive."
  type        = number
  default     = 365

  validation {
    condition     = var.archive_retention_days >= 1 && var.archive_retention_days <= 36500
    error_message = "archive_retention_days is 1 to 36500."
  }
}

variable "replica" {
  description = "The bucket that ./s3-replica made, which gets a copy of the archive; null: none."
  type        = object({ bucket = string, region = string })
  default     = null

  validation {
    condition     = var.replica == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.replica.region))
    error_message = "replica is null or names an S3 bucket and its AWS region: { bucket = \"my-replica\", region = \"eu-central-1\" }."
  }
}

variable "alert_email" {
  description = "Who is told of dead letters, overdue work, errors and cost."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.alert_email))
    error_message = "alert_email is an e-mail address."
  }
}

variable "budget" {
  description = "What a month may cost before an alert, in whole units of the billing account's own currency."
  type        = number
  default     = 50

  validation {
    condition     = var.budget >= 1 && floor(var.budget) == var.budget
    error_message = "budget is a whole number of at least 1, in the billing account's currency."
  }
}
