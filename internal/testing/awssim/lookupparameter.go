package awssim

var parameterLookup = lookup{
	arguments: properties{"name": {kind: text, required: true}, "withDecryption": {kind: flag}},
	answer: func(c *Cloud, in values) (values, error) {
		name := in.text("name")
		if id, public := c.images.parameters[name]; public {
			return values{
				"arn": "arn:aws:ssm:" + c.options.Region + "::parameter" + name, "id": name, "name": name, "type": "String",
				"value": id, "insecureValue": id, "version": c.images.releases[name], "withDecryption": in["withDecryption"],
			}, nil
		}
		p := c.parameters[name]
		if p == nil {
			return nil, refuseSSM("GetParameter", "ParameterNotFound", "parameter %s not found", name)
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
