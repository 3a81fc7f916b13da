// Package credentials makes the passwords of a program's own services and the URLs that carry them.
package credentials

import (
	"fmt"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// passwordLength is in characters out of 62: 190 bits, more than any hash of it keeps secret.
const passwordLength = 32

// NewPassword generates a password of letters and digits, which no shell, URL or configuration format can
// misread. It stays the same until its resource is replaced (pulumi up --replace).
func NewPassword(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	password, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length:     pulumi.Int(passwordLength),
		Special:    pulumi.Bool(false),
		MinLower:   pulumi.Int(1),
		MinUpper:   pulumi.Int(1),
		MinNumeric: pulumi.Int(1),
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("generate password %s: %w", name, err)
	}
	return pulumi.ToSecret(password.Result).(pulumi.StringOutput), nil
}

// NewPasswords generates one password per account; the resource of each is named prefix-account.
func NewPasswords(ctx *pulumi.Context, prefix string, accounts []string, opts ...pulumi.ResourceOption) (map[string]pulumi.StringOutput, error) {
	passwords := make(map[string]pulumi.StringOutput, len(accounts))
	for _, account := range accounts {
		password, err := NewPassword(ctx, prefix+"-"+account, opts...)
		if err != nil {
			return nil, err
		}
		passwords[account] = password
	}
	return passwords, nil
}
