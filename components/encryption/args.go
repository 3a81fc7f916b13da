package encryption

import (
	"regexp"

	"github.com/growbin/cluster/components/validation"
)

// KeyArgs describes who uses a key. Principals are ARNs of roles and users of the account, or patterns as of ArnLike, and need not
// exist yet; IAM must allow them the use as well.
type KeyArgs struct {
	// Account is the number of the AWS account, Region its region, e.g. ap-northeast-2.
	Account string `pulumi:"account"`
	Region  string `pulumi:"region"`
	// Users are the principals that encrypt and decrypt.
	Users []string `pulumi:"users"`
	// Builders are those of the users that create volumes, and attach them to instances.
	Builders []string `pulumi:"builders"`
	// Starters are principals that start instances with encrypted volumes, and use the key for nothing else.
	Starters []string `pulumi:"starters"`
	// Readers decrypt single SSM parameters, and nothing else.
	Readers []Reader `pulumi:"readers"`
	// LogGroups are names, or beginnings of names with a *, of log groups of CloudWatch that the service encrypts.
	LogGroups []string `pulumi:"logGroups"`
	// DeletionProtection protects the key from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`
}

// Reader are principals that decrypt the SSM parameters with the given ARNs.
type Reader struct {
	Principals []string `pulumi:"principals"`
	Parameters []string `pulumi:"parameters"`
}

var (
	accountNumber = regexp.MustCompile(`^[0-9]{12}$`)
	principal     = regexp.MustCompile(`^arn:aws:(iam|sts)::[0-9]{12}:(root|(role|user|federated-user)/[\w+=,.@/*-]+)$`)
)

// IsPrincipal reports whether the text is the ARN of a role or user, without a pattern.
func IsPrincipal(text string) bool { return plainPrincipal.MatchString(text) }

var plainPrincipal = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:(role|user)/([\w+=,.@-]+/)*[\w+=,.@-]+$`)

// Validate returns all problems of the arguments, joined.
func (a *KeyArgs) Validate() error {
	var problems validation.Problems
	if !accountNumber.MatchString(a.Account) {
		problems.Add("Account", a.Account, "must be the number of an AWS account, 12 digits")
	}
	if a.Region == "" {
		problems.NotSet("Region", "must be an AWS region, e.g. ap-northeast-2")
	}
	if len(a.Users) == 0 {
		problems.NotSet("Users", "must hold at least one principal: nobody else can decrypt")
	}
	for field, list := range a.principals() {
		for _, one := range list {
			if !principal.MatchString(one) {
				problems.Add(field, one, "must be the ARN of a role or user, e.g. arn:aws:iam::111122223333:role/deployer")
			}
		}
	}
	return problems.Err()
}

func (a *KeyArgs) principals() map[string][]string {
	all := map[string][]string{"Users": a.Users, "Builders": a.Builders, "Starters": a.Starters}
	for _, reader := range a.Readers {
		all["Readers"] = append(all["Readers"], reader.Principals...)
	}
	return all
}
