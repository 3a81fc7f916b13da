package awssim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	keyOwner = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":["kms:Put*","kms:Get*"],"Resource":"*"}`
	keyUser  = "arn:aws:iam::000000000000:user/one"
	mayAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

func keyPolicy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{keyOwner}, statements...), ",") + `]}`
}

// A key policy by which nobody could change it, or with a principal that does not exist, is refused.
func TestKey_PolicyThatLocksOut(t *testing.T) {
	for want, policy := range map[string]string{
		"will not allow you to update the key policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:Decrypt","Resource":"*"}]}`,
		"one or more invalid principals":              keyPolicy(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/none"},"Action":"kms:*","Resource":"*"}`),
		"Missing required field Principal":            keyPolicy(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`),
	} {
		w := newWorld(t, Options{})
		_, err := w.try(keyToken, "k", values{"policy": policy})
		require.ErrorContains(t, err, "MalformedPolicyDocumentException")
		require.ErrorContains(t, err, want)
	}
	w := newWorld(t, Options{})
	_, err := w.try(keyToken, "k", values{"policy": keyPolicy(), "deletionWindowInDays": 30})
	require.NoError(t, err)
}

// IAM's permission alone decrypts nothing: the policy of the key must leave the decision to the account, or name the caller.
func TestKey_DecryptNeedsTheKeyPolicy(t *testing.T) {
	named := func(condition string) string {
		return `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:Decrypt","Resource":"*","Condition":` + condition + `}`
	}
	for name, test := range map[string]struct {
		statement, identity string
		want                string
	}{
		"nobody is named":        {"", mayAll, "no resource-based policy allows the kms:Decrypt"},
		"named":                  {named(`{"ArnLike":{"aws:PrincipalArn":["` + keyUser + `"]}}`), mayAll, ""},
		"another is named":       {named(`{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::000000000000:user/two"]}}`), mayAll, "no resource-based policy"},
		"named, without IAM":     {named(`{"ArnLike":{"aws:PrincipalArn":["` + keyUser + `"]}}`), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}`, "no identity-based policy allows the kms:Decrypt"},
		"in another context":     {named(`{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:ap-northeast-2:000000000000:parameter/q"}}`), mayAll, "no resource-based policy"},
		"in this context":        {named(`{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:ap-northeast-2:000000000000:parameter/p"}}`), mayAll, ""},
		"through S3 alone":       {named(`{"StringEquals":{"kms:ViaService":"s3.ap-northeast-2.amazonaws.com"}}`), mayAll, "no resource-based policy"},
		"through this service":   {named(`{"StringEquals":{"kms:ViaService":"ssm.ap-northeast-2.amazonaws.com"}}`), mayAll, ""},
		"denied by the policy":   {named(`{"Bool":{"aws:SecureTransport":"true"}}`) + `,{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"` + keyUser + `"}}}`, mayAll, "explicit deny in a resource-based policy"},
		"named by the principal": {`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			writable := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:Encrypt","Resource":"*"}`
			policy := keyPolicy(writable)
			if test.statement != "" {
				policy = keyPolicy(writable, test.statement)
			}
			key := w.make(keyToken, "k", values{"policy": policy})
			w.make(keyAliasToken, "k", values{"name": "alias/k", "targetKeyId": key})
			w.make(parameterToken, "p", values{"name": "/p", "type": "SecureString", "value": "hidden", "keyId": "alias/k"})
			session, err := w.c.Principal(keyUser, test.identity)
			require.NoError(t, err)
			_, err = session.GetParameter("/p")
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
}

// A key that is deleted stays for its window, and encrypts and decrypts nothing.
func TestKey_PendingDeletion(t *testing.T) {
	w := newWorld(t, Options{})
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"kms:*","Resource":"*"}]}`
	key := w.make(keyToken, "k", values{"policy": open})
	arn := w.c.KeyARN(key)
	require.NotEmpty(t, arn)
	w.make(parameterToken, "p", values{"name": "/p", "type": "SecureString", "value": "hidden", "keyId": key})
	w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 10, "encrypted": true, "kmsKeyId": arn})
	client, problems := w.c.NewClient(nil)
	require.Empty(t, problems)
	require.NoError(t, client.Delete(keyToken, key))
	session, err := w.c.Principal(keyUser, mayAll)
	require.NoError(t, err)
	_, err = session.GetParameter("/p")
	assert.ErrorContains(t, err, "is pending deletion")
	_, err = w.try(volumeToken, "another", values{"availabilityZone": "ap-northeast-2a", "size": 10, "encrypted": true, "kmsKeyId": arn})
	assert.ErrorContains(t, err, "InvalidKMSKey.InvalidState")
	_, err = w.try(keyAliasToken, "late", values{"name": "alias/late", "targetKeyId": key})
	assert.ErrorContains(t, err, "KMSInvalidStateException")
	_, err = w.try(logGroupToken, "g", values{"name": "g", "kmsKeyId": arn})
	assert.ErrorContains(t, err, "not allowed to be used")
	assert.Empty(t, func() (keys []Resource) {
		for _, r := range w.c.Left() {
			if r.Type == keyToken {
				keys = append(keys, r)
			}
		}
		return keys
	}())
}

// CloudWatch Logs encrypts a group only with a key whose policy admits the service for that group.
func TestKey_OfALogGroup(t *testing.T) {
	w := newWorld(t, Options{})
	logs := `{"Effect":"Allow","Principal":{"Service":"logs.ap-northeast-2.amazonaws.com"},"Action":"kms:*","Resource":"*",` +
		`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:ap-northeast-2:000000000000:log-group:/dev/*"}}}`
	arn := w.c.KeyARN(w.make(keyToken, "k", values{"policy": keyPolicy(logs)}))
	_, err := w.try(logGroupToken, "mine", values{"name": "/dev/sessions", "kmsKeyId": arn})
	require.NoError(t, err)
	_, err = w.try(logGroupToken, "other", values{"name": "/prod/sessions", "kmsKeyId": arn})
	require.ErrorContains(t, err, "not allowed to be used with Arn")
}
