package awssim

// resourceTypes are the modeled types by token.
var resourceTypes = registry(
	vpcType, subnetType, subnetReservationType, internetGatewayType, routeTableType, routeType, routeTableAssociationType,
	addressType, addressAssociationType, natGatewayType, vpcEndpointType,
	securityGroupType, ingressRuleType, egressRuleType,
	instanceResourceType, volumeType, volumeAttachmentType, keyPairType,
	roleType, rolePolicyType, rolePolicyAttachmentType, instanceProfileType,
	parameterType,
	bucketType, bucketPublicAccessBlockType, bucketEncryptionType, bucketVersioningType,
	loadBalancerType, listenerType, listenerRuleType, targetGroupType, targetGroupAttachmentType,
	certificateType, certificateValidationType, dnsRecordType,
	bucketObjectType, openIDProviderType,
	bucketLifecycleType, bucketCorsType, bucketOwnershipType, bucketPolicyType,
	budgetType, topicType, topicSubscriptionType, metricAlarmType,
	lifecyclePolicyType, scheduleType,
	webACLType, webACLAssociationType,
	defaultSecurityGroupType, flowLogType, logGroupType,
	keyType, keyAliasType, documentType,
)

func registry(all ...*resourceType) map[string]*resourceType {
	out := map[string]*resourceType{}
	for _, rt := range all {
		out[rt.token] = rt
	}
	return out
}
