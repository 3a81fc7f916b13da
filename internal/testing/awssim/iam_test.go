package awssim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMachine_Permissions holds how a role's policies decide.
func TestMachine_Permissions(t *testing.T) {
	own := "arn:aws:ssm:ap-northeast-2:000000000000:parameter/c/nodes/one"
	for _, tt := range []struct {
		name       string
		statements []string
		attached   bool
		put, get   bool
	}{
		{"nothing", []string{allowed("s3:*", "*")}, false, false, false},
		{"one action on one parameter", []string{allowed("ssm:PutParameter", own)}, false, true, false},
		{"all actions", []string{allowed("*", "*")}, false, true, true},
		{"a pattern of actions", []string{allowed("ssm:*Parameter", own)}, false, true, true},
		{"actions in capitals", []string{allowed("SSM:putparameter", own)}, false, true, false},
		{"a pattern of parameters", []string{allowed("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/c/*")}, false, false, true},
		{"one character", []string{allowed("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/c/nodes/on?")}, false, false, true},
		{"another parameter", []string{allowed("ssm:*", "arn:aws:ssm:*:*:parameter/c/join")}, false, false, false},
		{"a deny over an allow", []string{allowed("ssm:*", "*"), denied("ssm:GetParameter", own)}, false, true, false},
		{"all but", []string{`{"Effect":"Allow","NotAction":"ssm:Get*","Resource":"*"}`}, false, true, false},
		{"everywhere but", []string{`{"Effect":"Allow","Action":"ssm:*","NotResource":"` + own + `"}`}, false, false, false},
		{"a condition that holds", []string{`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"ap-northeast-2"}}}`}, false, true, true},
		{"a condition that does not", []string{`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringLike":{"aws:RequestedRegion":["us-*","eu-*"]}}}`}, false, false, false},
		{"a condition on what is not known", []string{`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`}, false, false, false},
		{"the same if it exists", []string{`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}}`}, false, true, true},
		{"session manager's own policy reads every parameter", nil, true, false, true},
		{"unless a deny keeps it", []string{denied("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/c/*")}, true, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := build(t, Options{})
			w.role("node")
			if tt.statements != nil {
				w.make(rolePolicyToken, "p", values{"role": "node", "policy": `{"Version":"2012-10-17","Statement":[` + strings.Join(tt.statements, ",") + `]}`})
			}
			if tt.attached {
				w.make(rolePolicyAttachmentToken, "a", values{"role": "node", "policyArn": coreARN})
			}
			w.machine("one", values{"iamInstanceProfile": w.make(instanceProfileToken, "p", values{"role": "node"})})
			w.make(parameterToken, "p", values{"name": "/c/nodes/one", "type": "String", "value": "pending"})
			m, err := w.c.Machine("one")
			require.NoError(t, err)
			_, err = m.GetParameter("/c/nodes/one")
			w.verdict(tt.get, err, "ssm:GetParameter")
			w.verdict(tt.put, m.PutParameter("/c/nodes/one", "x"), "ssm:PutParameter")
		})
	}
}

func (w *world) verdict(want bool, err error, action string) {
	w.Helper()
	if want {
		assert.NoError(w, err)
		return
	}
	w.refused(err, "AccessDeniedException", action)
	for _, part := range []string{"arn:aws:iam::000000000000:role/node", "on resource: arn:aws:ssm:ap-northeast-2:000000000000:parameter/c/nodes/one"} {
		assert.Contains(w, err.Error(), part)
	}
}

func allowed(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":["%s"],"Resource":["%s"]}`, action, resource)
}

func denied(action, resource string) string {
	return fmt.Sprintf(`{"Effect":"Deny","Action":"%s","Resource":"%s"}`, action, resource)
}

func TestMachine_NoCredentials(t *testing.T) {
	w := build(t, Options{})
	w.make(roleToken, "lambda", values{"name": "lambda", "assumeRolePolicy": strings.ReplaceAll(trustEC2, "ec2", "lambda")})
	w.role("node")
	w.make(rolePolicyToken, "p", values{"role": "node", "policy": policyText("Allow", "*", "*")})
	good := w.make(instanceProfileToken, "node", values{"role": "node"})
	w.machine("bare", nil)
	w.machine("distrusted", values{"iamInstanceProfile": w.make(instanceProfileToken, "lambda", values{"role": "lambda"})})
	w.machine("deaf", values{"iamInstanceProfile": good, "metadataOptions": values{"httpEndpoint": "disabled"}})
	for name, want := range map[string]string{
		"bare": "has no instance profile", "distrusted": "does not trust ec2.amazonaws.com", "deaf": "metadata service disabled",
	} {
		m, err := w.c.Machine(name)
		require.NoError(t, err)
		_, err = m.GetParameter("/x")
		assert.ErrorContains(t, err, want)
	}
	w.machine("good", values{"iamInstanceProfile": good})
	m, err := w.c.Machine("good")
	require.NoError(t, err)
	_, err = m.GetParameter("/x")
	w.refused(err, "ParameterNotFound", "/x")
	w.refused(m.PutParameter("/x", "y"), "ValidationException", "type is required")
	require.NoError(t, w.change(instanceProfileToken, good, values{"name": good}))
	_, err = m.GetParameter("/x")
	assert.ErrorContains(t, err, "has no role")
}

func TestPolicy_Malformed(t *testing.T) {
	w := newWorld(t, Options{})
	w.role("r")
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", "allow all", "Syntax errors"},
		{"another version", `{"Version":"2024-01-01","Statement":[` + allowed("ssm:*", "*") + `]}`, "valid version"},
		{"no statement", statement(""), "no statement"},
		{"unknown field", statement(`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Color":"red"}`), "Color"},
		{"no effect", statement(`{"Action":"ssm:*","Resource":"*"}`), "Invalid effect"},
		{"no action", statement(`{"Effect":"Allow","Resource":"*"}`), "must contain actions"},
		{"action of no service", statement(allowed("PutParameter", "*")), "prefaced by a vendor"},
		{"no resource", statement(`{"Effect":"Allow","Action":"ssm:*"}`), "must contain resources"},
		{"resource that is no ARN", statement(allowed("ssm:*", "/c/join")), "must be in ARN format"},
		{"principal", statement(`{"Effect":"Allow","Principal":"*","Action":"ssm:*","Resource":"*"}`), "should not specify a principal"},
		{"the same Sid twice", statement(`{"Sid":"a","Effect":"Allow","Action":"a:b","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"a:b","Resource":"*"}`), "must be unique"},
		{"Sid with a hyphen", statement(`{"Sid":"a-b","Effect":"Allow","Action":"a:b","Resource":"*"}`), "alpha-numeric"},
		{"operator not modeled", statement(`{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`), `operator "IpAddress" is not modeled`},
		{"variable not modeled", statement(allowed("s3:*", "arn:aws:s3:::b/${aws:username}")), "policy variable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.try(rolePolicyToken, tt.name, values{"role": "r", "name": "p", "policy": tt.text})
			w.refused(err, "MalformedPolicyDocument", tt.want)
		})
	}
	_, err := w.try(roleToken, "t", values{"assumeRolePolicy": statement(`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}`)})
	w.refused(err, "MalformedPolicyDocument", "prohibited field Resource")
}

func TestRolePolicy_RefusedUpdate(t *testing.T) {
	w := newWorld(t, Options{})
	w.role("r")
	text := policyText("Allow", "ssm:*", "*")
	p := w.make(rolePolicyToken, "p", values{"role": "r", "name": "p", "policy": text})
	w.refused(w.change(rolePolicyToken, p, values{"role": "r", "name": "p", "policy": "{}"}), "MalformedPolicyDocument", "Syntax")
	assert.Equal(t, text, w.read(rolePolicyToken, p).text("policy"))
}

func FuzzWildcard(f *testing.F) {
	f.Add("a*c", "abc")
	f.Add("*", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !strings.ContainsAny(pattern, "*?") && wildcard(pattern, s) != (pattern == s) {
			t.Errorf("%q must match only itself, and %q: %t", pattern, s, wildcard(pattern, s))
		}
		if !wildcard("*"+s+"*", "x"+s+"y") && !strings.ContainsAny(s, "*?") {
			t.Errorf("*%q* must match what holds it", s)
		}
	})
}

func TestTrustPolicy_Deny(t *testing.T) {
	deny := `{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`
	for name, tt := range map[string]struct {
		statements string
		want       bool
	}{
		"allowed":              {`{"Effect":"Allow","Principal":{"Service":["ssm.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:*"}`, true},
		"everyone":             {`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`, true},
		"somebody else":        {`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`, false},
		"another action":       {`{"Effect":"Allow","Principal":"*","Action":"sts:TagSession"}`, false},
		"allowed, then denied": {`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},` + deny, false},
	} {
		p, err := parseTrustPolicy(`{"Version":"2012-10-17","Statement":[` + tt.statements + `]}`)
		require.NoError(t, err)
		assert.Equal(t, tt.want, p.trusts("ec2.amazonaws.com"), name)
	}
}
