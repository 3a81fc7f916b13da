package awssim

import (
	"fmt"
	"regexp"
	"slices"
)

const logGroupToken = "aws:cloudwatch/logGroup:LogGroup"

// logGroup keeps log events of CloudWatch Logs.
type logGroup struct {
	name, class string
	retention   int // days, 0 for ever
	key         string
}

var logGroupName = regexp.MustCompile(`^[a-zA-Z0-9_\-/.#]{1,512}$`)

// logRetention are the days that the service knows.
var logRetention = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

var logGroupType = define(resourceType{
	token: logGroupToken, title: "CloudWatch Logs Log Group",
	source: "internal/service/logs/group.go",
	inputs: properties{
		"kmsKeyId":      {kind: text, valid: validARN},
		"logGroupClass": {kind: text, replaces: true, computed: true, oneOf: []string{"STANDARD", "INFREQUENT_ACCESS"}},
		"name": {kind: text, replaces: true, computed: true, valid: func(value any) error {
			if s := value.(string); !logGroupName.MatchString(s) {
				return fmt.Errorf("%q isn't a valid log group name (alphanumeric characters, underscores, hyphens, slashes, hash signs and dots are allowed)", s)
			}
			return nil
		}},
		"retentionInDays": {kind: whole, fallback: float64(0), valid: func(value any) error {
			if !slices.Contains(logRetention, value.(float64)) {
				return fmt.Errorf("%v must be one of %v", value, logRetention)
			}
			return nil
		}},
		"skipDestroy": {kind: flag, fallback: false},
	},
	outputs:  []string{"arn", "namePrefix"},
	refused:  []string{"namePrefix"},
	tagged:   true,
	autoname: "name",
}, createLogGroup, updateLogGroup, deleteLogGroup)

func createLogGroup(t *call) (string, *logGroup, error) {
	g := &logGroup{name: t.in.text("name"), class: "STANDARD", retention: t.in.whole("retentionInDays")}
	if t.in.has("logGroupClass") {
		g.class = t.in.text("logGroupClass")
	}
	if t.c.logGroups[g.name] != nil {
		return "", nil, refuse("CloudWatch Logs", "CreateLogGroup", "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	if err := g.encrypt(t, "CreateLogGroup"); err != nil {
		return "", nil, err
	}
	t.c.logGroups[g.name] = g
	return g.name, g, nil
}

func updateLogGroup(t *call, g *logGroup) error {
	if err := g.encrypt(t, "AssociateKmsKey"); err != nil {
		return err
	}
	g.retention = t.in.whole("retentionInDays")
	return nil
}

// encrypt sets the key, which the service itself must be allowed to use.
func (g *logGroup) encrypt(t *call, operation string) error {
	g.key = t.in.text("kmsKeyId")
	if g.key == "" {
		return nil
	}
	service := "logs." + t.c.options.Region + ".amazonaws.com"
	if k := t.c.keyNamed(g.key); k == nil || k.deleted || !k.admits(service, t.c.arn("logs", "log-group:"+g.name)) {
		return refuse("CloudWatch Logs", operation, "AccessDeniedException", "The specified KMS key does not exist or is not allowed to be used with Arn '%s'",
			t.c.arn("logs", "log-group:"+g.name))
	}
	return nil
}

// admits reports whether a service may use the key for a log group.
func (k *key) admits(service, group string) bool {
	for _, s := range k.policy.Statement {
		if s.Effect == "Allow" && slices.Contains(s.principals()["Service"], service) &&
			s.matches(request{action: "kms:GenerateDataKey", resource: "*", context: map[string]string{"kms:encryptioncontext:aws:logs:arn": group}}) {
			return true
		}
	}
	return false
}

func deleteLogGroup(t *call, g *logGroup) error {
	delete(t.c.logGroups, g.name)
	return nil
}

func (g *logGroup) attributes(c *Cloud) values {
	return values{
		"arn": g.arn(c), "name": g.name, "namePrefix": "", "kmsKeyId": g.key, "logGroupClass": g.class, "retentionInDays": float64(g.retention),
	}
}

func (g *logGroup) arn(c *Cloud) string { return c.arn("logs", "log-group:"+g.name) }
