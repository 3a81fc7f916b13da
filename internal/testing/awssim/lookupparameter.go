package awssim

import (
	"maps"
	"slices"
	"strings"
)

var parameterLookup = lookup{
	arguments: properties{"name": {kind: text, required: true}, "withDecryption": {kind: flag}},
	answer: func(c *Cloud, in values) (values, error) {
		name := in.text("name")
		if id, public := c.images.parameters[name]; public {
			arn := "arn:aws:ssm:" + c.options.Region + "::parameter" + name
			if err := c.authorize(c.program(), "SSM", "GetParameter", request{action: "ssm:GetParameter", resource: arn}); err != nil {
				return nil, err
			}
			return values{
				"arn": arn, "id": name, "name": name, "type": "String",
				"value": id, "insecureValue": id, "version": c.images.releases[name], "withDecryption": in["withDecryption"],
			}, nil
		}
		if err := c.mayUseParameter(c.program(), "GetParameter", name); err != nil {
			return nil, err
		}
		p := c.parameters[name]
		if p == nil {
			return nil, refuseSSM("GetParameter", "ParameterNotFound", "parameter %s not found", name)
		}
		if !in.has("withDecryption") || in.flag("withDecryption") {
			if err := c.parameterKey(c.program(), "GetParameter", "kms:Decrypt", p); err != nil {
				return nil, err
			}
		}
		out := values{
			"arn": p.arn(c), "id": name, "name": name, "type": p.kind, "value": p.value, "insecureValue": "", "version": p.version,
			"withDecryption": in["withDecryption"],
		}
		if p.kind != "SecureString" {
			out["insecureValue"] = p.value
		} else if in.has("withDecryption") && !in.flag("withDecryption") {
			out["value"] = "(encrypted)"
		}
		return out, nil
	},
}

var parametersLookup = lookup{
	arguments: properties{"path": {kind: text, required: true}, "recursive": {kind: flag}, "withDecryption": {kind: flag}},
	answer: func(c *Cloud, in values) (values, error) {
		// The resource of the request is the path itself, not the parameters below it.
		if err := c.mayUseParameter(c.program(), "GetParametersByPath", in.text("path")); err != nil {
			return nil, err
		}
		path := strings.TrimSuffix(in.text("path"), "/") + "/"
		out := in.copy()
		arns, names, types, contents := []any{}, []any{}, []any{}, []any{}
		for _, name := range slices.Sorted(maps.Keys(c.parameters)) {
			p := c.parameters[name]
			rest, below := strings.CutPrefix(name, path)
			if !below || strings.Contains(rest, "/") && !in.flag("recursive") {
				continue
			}
			value := p.value
			if p.kind == "SecureString" && in.has("withDecryption") && !in.flag("withDecryption") {
				value = "(encrypted)"
			}
			arns, names, types, contents = append(arns, p.arn(c)), append(names, name), append(types, p.kind), append(contents, value)
		}
		out["id"], out["arns"], out["names"], out["types"], out["values"] = in.text("path"), arns, names, types, contents
		return out, nil
	},
}
