package kubeadm

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Keys of the documents of OpenID Connect discovery in the bucket of the issuer. A program writes the first, the control plane the
// second.
const (
	// DiscoveryKey names the issuer and the address of its keys.
	DiscoveryKey = ".well-known/openid-configuration"
	// KeysKey holds the public keys of service account tokens (JWKS).
	KeysKey = "openid/v1/jwks"
)

// IssuerURL is the issuer of service account tokens whose documents lie in the bucket.
func IssuerURL(bucket, region string) string {
	return "https://" + bucket + ".s3." + region + ".amazonaws.com"
}

// publishKeys allows the control plane to write the public keys of its tokens, and no other document. Whoever may do so signs
// tokens in the name of any pod: root on the control plane can anyway, by the private key.
func publishKeys(bucketARN pulumi.StringInput) Statement {
	return Statement{Sid: "PublishKeys", Actions: []string{"s3:PutObject"}, Resources: pulumi.StringArray{pulumi.Sprintf("%s/"+KeysKey, bucketARN)}}
}
