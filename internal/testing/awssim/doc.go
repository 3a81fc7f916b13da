// Package awssim is a simulated AWS: a strict in-memory model of the resource types and lookups this repository's
// program uses, and of nothing else. It makes no network call and costs nothing; its account is 000000000000.
//
// One model, two doors. NewMocks serves unit tests (pulumi.WithMocks), Serve and NewProvider serve Pulumi's own engine
// as the provider plugin "aws" (PULUMI_DEBUG_PROVIDERS=aws:port). Both refuse what EC2, IAM, SSM and S3 refuse, with
// their error codes, and keep their order of deletion. A type, property or lookup that is not modelled is an error,
// never silently accepted.
//
// Property names and shapes are those of the pulumi-aws SDK v6.83.2. What replaces a resource, what changes it in
// place and what is computed follows the Terraform provider 5.100 that pulumi-aws 6.83 wraps; each type's source
// field names the upstream file (github.com/hashicorp/terraform-provider-aws). Where the model is stricter than the real
// provider, which retries or cleans up by itself, a comment says so.
package awssim
