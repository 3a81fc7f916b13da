package awssim

// instanceProperties: the replacing ones are ForceNew in ec2_instance.go; userData and instanceType are not.
var instanceProperties = properties{
	"ami":                      {kind: text, required: true, replaces: true},
	"associatePublicIpAddress": {kind: flag, replaces: true, computed: true},
	"availabilityZone":         {kind: text, replaces: true, computed: true},
	"creditSpecification": {kind: block, computed: true, fields: properties{
		"cpuCredits": {kind: text, computed: true, oneOf: []string{"standard", "unlimited"}},
	}},
	"disableApiStop":        {kind: flag, computed: true},
	"disableApiTermination": {kind: flag, computed: true},
	"ebsBlockDevices": {kind: blocks, computed: true, key: "deviceName", fields: properties{
		"deleteOnTermination": {kind: flag, replaces: true, computed: true},
		"deviceName":          {kind: text, required: true, replaces: true},
		"encrypted":           {kind: flag, replaces: true, computed: true},
		"iops":                {kind: whole, replaces: true, computed: true},
		"kmsKeyId":            {kind: text, replaces: true, computed: true, valid: validARN},
		"tags":                {kind: textMap, valid: validTags},
		"throughput":          {kind: whole, replaces: true, computed: true},
		"volumeSize":          {kind: whole, replaces: true, computed: true},
		"volumeType":          {kind: text, replaces: true, computed: true},
	}, replaces: true},
	"ebsOptimized":                      {kind: flag, replaces: true, computed: true},
	"iamInstanceProfile":                {kind: text, computed: true},
	"instanceInitiatedShutdownBehavior": {kind: text, computed: true, oneOf: []string{"stop", "terminate"}},
	"instanceMarketOptions": {kind: block, replaces: true, computed: true, fields: properties{
		"marketType": {kind: text, replaces: true, computed: true, oneOf: []string{"spot"}},
		"spotOptions": {kind: block, replaces: true, computed: true, fields: properties{
			"instanceInterruptionBehavior": {kind: text, replaces: true, computed: true, oneOf: []string{"hibernate", "stop", "terminate"}},
			"maxPrice":                     {kind: text, replaces: true, computed: true},
			"spotInstanceType":             {kind: text, replaces: true, computed: true, oneOf: []string{"one-time", "persistent"}},
			"validUntil":                   {kind: text, replaces: true, computed: true},
		}},
	}},
	"instanceType": {kind: text, required: true},
	"keyName":      {kind: text, replaces: true, computed: true},
	"metadataOptions": {kind: block, computed: true, fields: properties{
		"httpEndpoint":            {kind: text, computed: true, oneOf: []string{"enabled", "disabled"}},
		"httpProtocolIpv6":        {kind: text, computed: true, oneOf: []string{"enabled", "disabled"}},
		"httpPutResponseHopLimit": {kind: whole, computed: true, valid: within(1, 64)},
		"httpTokens":              {kind: text, computed: true, oneOf: []string{"optional", "required"}},
		"instanceMetadataTags":    {kind: text, computed: true, oneOf: []string{"enabled", "disabled"}},
	}},
	"monitoring": {kind: flag, computed: true},
	"privateIp":  {kind: text, replaces: true, computed: true, valid: validIPv4},
	"rootBlockDevice": {kind: block, computed: true, fields: properties{
		"deleteOnTermination": {kind: flag, fallback: true},
		"encrypted":           {kind: flag, replaces: true, computed: true},
		"iops":                {kind: whole, computed: true},
		"kmsKeyId":            {kind: text, replaces: true, computed: true, valid: validARN},
		"tags":                {kind: textMap, valid: validTags},
		"throughput":          {kind: whole, computed: true},
		"volumeSize":          {kind: whole, computed: true},
		"volumeType":          {kind: text, computed: true},
	}},
	"sourceDestCheck": {kind: flag, fallback: true},
	// Upstream it is optional because accounts may have a default VPC; this account has none.
	"subnetId":                {kind: text, required: true, replaces: true},
	"tenancy":                 {kind: text, replaces: true, computed: true, oneOf: []string{"default"}},
	"userData":                {kind: text, computed: true, hash: hashUserData},
	"userDataBase64":          {kind: text, computed: true},
	"userDataReplaceOnChange": {kind: flag, fallback: false},
	"volumeTags":              {kind: textMap, valid: validTags},
	"vpcSecurityGroupIds":     {kind: textSet, computed: true},
}

var instanceOutputs = []string{
	"arn", "instanceLifecycle", "instanceState", "outpostArn", "passwordData", "primaryNetworkInterfaceId",
	"privateDns", "publicDns", "publicIp", "spotInstanceRequestId",
}

var instanceRefused = []string{
	"capacityReservationSpecification", "cpuCoreCount", "cpuOptions", "cpuThreadsPerCore", "enablePrimaryIpv6",
	"enclaveOptions", "ephemeralBlockDevices", "getPasswordData", "hibernation", "hostId", "hostResourceGroupArn",
	"ipv6AddressCount", "ipv6Addresses", "launchTemplate", "maintenanceOptions",
	"networkInterfaces", "placementGroup", "placementPartitionNumber", "privateDnsNameOptions", "secondaryPrivateIps",
	"securityGroups",
}

func (i *instance) attributes(c *Cloud) values {
	public, hasPublic := i.publicAddress()
	out := values{
		"arn": c.arn("ec2", "instance/"+i.id), "ami": i.image.id, "instanceType": i.kind.name, "instanceState": i.state,
		"availabilityZone": i.subnet.zone.name, "subnetId": i.subnet.id, "privateIp": i.private.String(),
		"privateDns": c.privateDNS(i.private), "publicIp": "", "publicDns": "", "primaryNetworkInterfaceId": i.interfaceID,
		// An Elastic IP makes this true as well: with an explicit false the next update after a refresh replaces
		// the instance, as with the real provider (hashicorp/terraform-provider-aws issue 37318).
		"associatePublicIpAddress": hasPublic,
		"vpcSecurityGroupIds":      i.groupIDs(), "iamInstanceProfile": i.profile, "keyName": i.keyName,
		"disableApiStop": i.protectStop, "disableApiTermination": i.protectTermination, "monitoring": i.monitoring,
		"ebsOptimized": i.ebsOptimized, "sourceDestCheck": i.sourceDestCheck, "tenancy": "default",
		"instanceInitiatedShutdownBehavior": i.shutdown, "metadataOptions": i.metadata, "rootBlockDevice": i.rootAttributes(),
		"ebsBlockDevices": i.deviceAttributes(), "outpostArn": "", "passwordData": "", "spotInstanceRequestId": "", "instanceLifecycle": "",
	}
	if i.volTags != nil {
		out["volumeTags"] = tagValues(i.volumeTags())
	}
	if i.kind.burstable {
		out["creditSpecification"] = values{"cpuCredits": i.credits}
	}
	if i.spot {
		out["instanceLifecycle"], out["spotInstanceRequestId"] = "spot", "sir-"+i.id[len("i-"):][:8]
		out["instanceMarketOptions"] = i.market
	}
	if hasPublic {
		out["publicIp"] = public.String()
		if i.subnet.vpc.dnsHostnames {
			out["publicDns"] = c.publicDNS(public)
		}
	}
	if i.encoded {
		out["userDataBase64"] = i.userData
	} else if i.userData != "" {
		out["userData"] = hashUserData(i.userData)
	}
	return out
}

func (i *instance) groupIDs() []any {
	var out []any
	for _, g := range i.groups {
		out = append(out, g.id)
	}
	return out
}

// checkInstance finds problems between properties.
func checkInstance(in values) []Problem {
	found := checkUserData(in)
	devices := append(in.blocks("ebsBlockDevices"), in.block("rootBlockDevice"))
	for _, device := range devices {
		if in["volumeTags"] != nil && device["tags"] != nil {
			return append(found, Problem{"volumeTags", "must not be set together with the tags of a block device"})
		}
	}
	return found
}
