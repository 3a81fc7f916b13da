package kubeconfig

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Parameter reads an SSM parameter, decrypted. The value of a SecureString is returned as plain text: the caller must mark
// outputs made from it as secret.
//
// ssm.LookupParameter rejects a value that the provider marks as secret, and its output form cannot be retried.
func Parameter(ctx *pulumi.Context, name string, opts ...pulumi.InvokeOption) (string, error) {
	args := &ssm.LookupParameterArgs{Name: name, WithDecryption: pulumi.BoolRef(true)}
	var result ssm.LookupParameterResult
	if _, err := ctx.InvokePackageRaw("aws:ssm/getParameter:getParameter", args, &result, "", opts...); err != nil {
		return "", err
	}
	return result.Value, nil
}

// Missing reports whether an error of Parameter says that there is none. The provider has no other sign of it than the text.
func Missing(err error) bool {
	return strings.Contains(err.Error(), "ParameterNotFound") || strings.Contains(err.Error(), "couldn't find resource")
}

// Parameters reads all SSM parameters directly below a path, by name. Values of SecureStrings stay encrypted.
func Parameters(ctx *pulumi.Context, path string, opts ...pulumi.InvokeOption) (map[string]string, error) {
	args := &ssm.GetParametersByPathArgs{Path: path, WithDecryption: pulumi.BoolRef(false)}
	var result ssm.GetParametersByPathResult
	// The provider marks the values as secret, see Parameter.
	if _, err := ctx.InvokePackageRaw("aws:ssm/getParametersByPath:getParametersByPath", args, &result, "", opts...); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for i, name := range result.Names {
		values[name] = result.Values[i]
	}
	return values, nil
}
