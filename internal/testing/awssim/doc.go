// Package awssim is a simulated AWS: a strict model, in memory, of one account in one region. It has the resource types
// and lookups that this repository's program uses, and no others. It makes no network call and costs nothing; its
// account is 000000000000.
//
// Requests that EC2, IAM, SSM or S3 would refuse fail with the error codes of these services, deletions too. A
// type, property or lookup that is not modeled is an error, never silently accepted. It has two front ends: package
// provider serves it to Pulumi's engine as the provider plugin "aws", package mocks serves it to unit tests
// (pulumi.WithMocks). Both use Client, the operations of a provider without the protocol.
//
// Property names and shapes are those of the pulumi-aws SDK v6.83.2; a test compares them with the SDK. The rules for
// replacing a resource, changing it in place and computing values were compared with the Terraform provider v5.100,
// which pulumi-aws 6.83 wraps; each type's source field names the upstream file
// (github.com/hashicorp/terraform-provider-aws). Where the model is stricter than the real provider, which retries or
// cleans up by itself, a comment states it.
package awssim
