package awssim

import (
	"context"
	"slices"
)

const runInstances = "RunInstances"

func createInstance(t *call) (string, *instance, error) {
	i, err := t.c.plannedInstance(t)
	if err != nil {
		return "", nil, err
	}
	groups, err := t.instanceGroups(runInstances, i.subnet.vpc)
	if err != nil {
		return "", nil, err
	}
	if err := t.c.purchasable(i); err != nil {
		return "", nil, err
	}
	if err := t.c.checkProfile(runInstances, i.profile); err != nil {
		return "", nil, err
	}
	// From here on resources are allocated; a failure releases them.
	if i.private, err = i.subnet.reserve(runInstances, t.in.text("privateIp"), "instance/"+t.name); err != nil {
		return "", nil, err
	}
	if err := t.c.instanceDisks(t, i); err != nil {
		i.subnet.pool.release(i.private)
		return "", nil, err
	}
	if err := t.c.assignPublic(i); err != nil {
		i.subnet.pool.release(i.private)
		t.c.dropDisks(i)
		return "", nil, err
	}
	i.id, i.interfaceID = t.c.newID("i", t.name), t.c.newID("eni", t.name)
	i.setGroups(groups)
	i.subnet.interfaces[i.id] = true
	i.running, i.end = context.WithCancel(t.c.ctx)
	t.c.countVCPUs(i, +1)
	t.c.instances[i.id] = i
	t.c.boot(i)
	return i.id, i, nil
}

// plannedInstance validates the request before anything is allocated.
func (c *Cloud) plannedInstance(t *call) (*instance, error) {
	s, err := c.subnetNamed(runInstances, t.in.text("subnetId"))
	if err != nil {
		return nil, err
	}
	if place := t.in.text("availabilityZone"); place != "" && place != s.zone.name {
		return nil, refuseEC2(runInstances, "InvalidParameterValue",
			"The availability zone '%s' is not that of subnet '%s' (%s)", place, s.id, s.zone.name)
	}
	kind, err := c.instanceTypeNamed(runInstances, t.in.text("instanceType"), s.zone.name)
	if err != nil {
		return nil, err
	}
	img, ok := c.images.images[t.in.text("ami")]
	if !ok {
		return nil, refuseEC2(runInstances, "InvalidAMIID.NotFound", "The image id '[%s]' does not exist", t.in.text("ami"))
	}
	if img.arch != kind.arch {
		return nil, refuseEC2(runInstances, "InvalidParameterValue",
			"The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
			kind.arch, img.arch)
	}
	if name := t.in.text("keyName"); name != "" && c.keyPairs[name] == nil {
		return nil, refuseEC2(runInstances, "InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
	}
	i := &instance{
		logicalName: t.name, subnet: s, kind: kind, image: img, keyName: t.in.text("keyName"), profile: t.in.text("iamInstanceProfile"),
		wantsPublic: s.mapPublicIP, userData: storedUserData(t.in), encoded: t.in.has("userDataBase64"),
		devices: map[string]*volume{}, state: "running", launched: c.now(), tags: t.tags, plugged: make(chan struct{}),
		shutdown: "stop", credits: "unlimited",
		metadata: values{
			"httpEndpoint": "enabled", "httpProtocolIpv6": "disabled", "httpPutResponseHopLimit": 1,
			"httpTokens": "optional", "instanceMetadataTags": "disabled",
		},
	}
	if t.in.has("associatePublicIpAddress") {
		i.wantsPublic = t.in.flag("associatePublicIpAddress")
	}
	i.set(t.in)
	return i, i.setMarket(t.in)
}

// set applies the properties that change without a restart.
func (i *instance) set(in values) {
	for name, target := range map[string]*bool{
		"disableApiStop": &i.protectStop, "disableApiTermination": &i.protectTermination, "monitoring": &i.monitoring,
		"ebsOptimized": &i.ebsOptimized, "sourceDestCheck": &i.sourceDestCheck,
	} {
		if in.has(name) {
			*target = in.flag(name)
		}
	}
	if in.has("instanceInitiatedShutdownBehavior") {
		i.shutdown = in.text("instanceInitiatedShutdownBehavior")
	}
	if credits := in.block("creditSpecification").text("cpuCredits"); credits != "" {
		i.credits = credits
	}
	metadata := i.metadata.copy()
	for name, value := range in.block("metadataOptions") {
		metadata[name] = value
	}
	i.metadata, i.volTags = metadata, nil
	if in.has("volumeTags") {
		i.volTags = in.textMap("volumeTags")
	}
}

// instanceGroups are the requested groups, or the VPC's default one.
func (t *call) instanceGroups(operation string, v *vpc) ([]*securityGroup, error) {
	if !t.in.has("vpcSecurityGroupIds") {
		return []*securityGroup{v.defaultGroup}, nil
	}
	var groups []*securityGroup
	for _, id := range t.in.texts("vpcSecurityGroupIds") {
		g, err := t.c.groupNamed(operation, id)
		if err != nil {
			return nil, err
		}
		if g.vpc != v {
			return nil, refuseEC2(operation, "InvalidParameter", "Security group %s and subnet belong to different networks.", id)
		}
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if limit := t.c.quota(QuotaGroupsPerInterface); len(groups) > limit {
		return nil, refuseEC2(operation, "SecurityGroupsPerInterfaceLimitExceeded",
			"The maximum number of security groups per interface has been reached: %d of %d.", len(groups), limit)
	}
	return groups, nil
}

// hasVCPUs checks the quota before one type takes another's place.
func (c *Cloud) hasVCPUs(operation string, now, next instanceType) error {
	limit := c.quota(QuotaStandardVCPUs)
	if !next.standard() {
		return nil
	}
	if c.vcpus-now.vCPUs+next.vCPUs > limit {
		return refuseEC2(operation, "VcpuLimitExceeded",
			"You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.", limit)
	}
	return nil
}

func (c *Cloud) countVCPUs(i *instance, sign int) {
	if i.spot && i.market != nil && i.kind.standard() {
		c.spotVCPUs += sign * i.kind.vCPUs
	}
	if !i.spot && i.kind.standard() {
		c.vcpus += sign * i.kind.vCPUs
	}
}
