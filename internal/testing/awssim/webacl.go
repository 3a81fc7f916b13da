package awssim

import "regexp"

const (
	webACLToken            = "aws:wafv2/webAcl:WebAcl"
	webACLAssociationToken = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

// webACL is a web ACL of AWS WAF in the region.
type webACL struct {
	arn, id, name string
	// used are the ARNs of the load balancers that it protects.
	used map[string]bool
}

var webACLName = regexp.MustCompile(`^[\w-]{1,128}$`)

var visibilityFields = properties{
	"cloudwatchMetricsEnabled": {kind: flag, required: true},
	"metricName":               {kind: text, required: true},
	"sampledRequestsEnabled":   {kind: flag, required: true},
}

var webACLType = define(resourceType{
	token: webACLToken, title: "WAF Web ACL",
	source: "internal/service/wafv2/web_acl.go",
	inputs: properties{
		"defaultAction": {kind: block, required: true, fields: properties{
			"allow": {kind: block, fields: properties{}}, "block": {kind: block, fields: properties{}},
		}},
		"description": {kind: text},
		"name":        {kind: text, replaces: true, computed: true},
		"rules": {kind: blocks, fields: properties{
			"action":   {kind: block, fields: properties{"allow": {kind: block, fields: properties{}}, "block": {kind: block, fields: properties{}}, "count": {kind: block, fields: properties{}}}},
			"name":     {kind: text, required: true},
			"priority": {kind: whole, required: true},
			"statement": {kind: block, required: true, fields: properties{
				"rateBasedStatement": {kind: block, required: true, fields: properties{
					"aggregateKeyType":    {kind: text, fallback: "IP", oneOf: []string{"IP"}},
					"evaluationWindowSec": {kind: whole, fallback: float64(300)},
					"limit":               {kind: whole, required: true, valid: within(10, 2_000_000_000)},
				}},
			}},
			"visibilityConfig": {kind: block, required: true, fields: visibilityFields},
		}},
		"scope":            {kind: text, required: true, replaces: true, oneOf: []string{"REGIONAL"}},
		"visibilityConfig": {kind: block, required: true, fields: visibilityFields},
	},
	outputs: []string{"arn", "applicationIntegrationUrl", "capacity", "lockToken"},
	refused: []string{
		"associationConfig", "captchaConfig", "challengeConfig", "customResponseBodies", "dataProtectionConfig", "namePrefix", "ruleJson", "tokenDomains",
	},
	tagged:   true,
	autoname: "name",
}, createWebACL, func(*call, *webACL) error { return nil }, deleteWebACL)

func createWebACL(t *call) (string, *webACL, error) {
	w := &webACL{name: t.in.text("name"), used: map[string]bool{}}
	if !webACLName.MatchString(w.name) {
		return "", nil, refuseWAF("CreateWebACL", "WAFInvalidParameterException", "Error reason: Your value for the field NAME is not valid, parameter: %s", w.name)
	}
	for _, other := range t.c.webACLs {
		if other.name == w.name {
			return "", nil, refuseWAF("CreateWebACL", "WAFDuplicateItemException", "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one.")
		}
	}
	w.id = t.c.digits("acl", t.name, 32)
	w.arn = t.c.arn("wafv2", "regional/webacl/"+w.name+"/"+w.id)
	t.c.webACLs[w.arn] = w
	return w.id, w, nil
}

func deleteWebACL(t *call, w *webACL) error {
	if len(w.used) > 0 {
		return refuseWAF("DeleteWebACL", "WAFAssociatedItemException", "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.")
	}
	delete(t.c.webACLs, w.arn)
	return nil
}

func (w *webACL) attributes(*Cloud) values {
	return values{"arn": w.arn, "name": w.name, "capacity": 2, "lockToken": w.id, "applicationIntegrationUrl": ""}
}

// webACLAssociation protects a load balancer by a web ACL.
type webACLAssociation struct {
	acl      *webACL
	resource string
}

var webACLAssociationType = define(resourceType{
	token: webACLAssociationToken, title: "WAF Web ACL Association",
	source: "internal/service/wafv2/web_acl_association.go",
	inputs: properties{
		"resourceArn": {kind: text, required: true, replaces: true, valid: validARN},
		"webAclArn":   {kind: text, required: true, replaces: true, valid: validARN},
	},
}, createWebACLAssociation, nil, func(_ *call, a *webACLAssociation) error {
	delete(a.acl.used, a.resource)
	return nil
})

func createWebACLAssociation(t *call) (string, *webACLAssociation, error) {
	acl, resource := t.c.webACLs[t.in.text("webAclArn")], t.in.text("resourceArn")
	if acl == nil || t.c.loadBalancers[resource] == nil {
		return "", nil, refuseWAF("AssociateWebACL", "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	acl.used[resource] = true
	return acl.arn + "," + resource, &webACLAssociation{acl, resource}, nil
}

func (a *webACLAssociation) attributes(*Cloud) values { return values{} }
