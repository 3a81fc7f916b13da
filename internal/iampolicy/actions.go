// Package iampolicy writes the IAM policies of those who deploy, preview, verify and roll a stack, from the types of the resources
// that its program registers.
package iampolicy

// calls are the IAM actions of the AWS provider's calls for a type: read is a refresh, write the rest of its life. Tags are written
// by actions of their own.
type calls struct{ read, write []string }

// actions has the calls of each type, by Pulumi's token (terraform-provider-aws v5.100, internal/service/…).
var actions = map[string]calls{
	"aws:acm/certificate:Certificate":                     {[]string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"}, []string{"acm:RequestCertificate", "acm:DeleteCertificate", "acm:UpdateCertificateOptions", "acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"}},
	"aws:acm/certificateValidation:CertificateValidation": {[]string{"acm:DescribeCertificate"}, nil},
	"aws:budgets/budget:Budget":                           {[]string{"budgets:ViewBudget", "budgets:ListTagsForResource"}, []string{"budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"}},
	"aws:cloudwatch/logGroup:LogGroup":                    {[]string{"logs:DescribeLogGroups", "logs:ListTagsForResource"}, []string{"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:TagResource", "logs:UntagResource"}},
	// growbin sleep and wake switch the actions; the workflow deploy wakes the stack.
	"aws:cloudwatch/metricAlarm:MetricAlarm":              {[]string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"}, []string{"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions", "cloudwatch:TagResource", "cloudwatch:UntagResource"}},
	"aws:dlm/lifecyclePolicy:LifecyclePolicy":             {[]string{"dlm:GetLifecyclePolicy", "dlm:GetLifecyclePolicies", "dlm:ListTagsForResource"}, []string{"dlm:CreateLifecyclePolicy", "dlm:UpdateLifecyclePolicy", "dlm:DeleteLifecyclePolicy", "dlm:TagResource", "dlm:UntagResource"}},
	"aws:ebs/volume:Volume":                               ec2("CreateVolume", "ModifyVolume", "DeleteVolume"),
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":   ec2("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"),
	"aws:ec2/eip:Eip":                                     ec2("AllocateAddress", "ReleaseAddress"),
	"aws:ec2/eipAssociation:EipAssociation":               ec2("AssociateAddress", "DisassociateAddress"),
	"aws:ec2/flowLog:FlowLog":                             ec2("CreateFlowLogs", "DeleteFlowLogs"),
	"aws:ec2/instance:Instance":                           ec2("RunInstances", "TerminateInstances", "StopInstances", "StartInstances", "ModifyInstanceAttribute", "ModifyInstanceMetadataOptions", "ModifyInstanceCreditSpecification", "ModifyVolume", "AssociateIamInstanceProfile", "DisassociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"),
	"aws:ec2/internetGateway:InternetGateway":             ec2("CreateInternetGateway", "AttachInternetGateway", "DetachInternetGateway", "DeleteInternetGateway"),
	"aws:ec2/natGateway:NatGateway":                       ec2("CreateNatGateway", "DeleteNatGateway"),
	"aws:ec2/route:Route":                                 ec2("CreateRoute", "ReplaceRoute", "DeleteRoute"),
	"aws:ec2/routeTable:RouteTable":                       ec2("CreateRouteTable", "DeleteRouteTable"),
	"aws:ec2/routeTableAssociation:RouteTableAssociation": ec2("AssociateRouteTable", "ReplaceRouteTableAssociation", "DisassociateRouteTable"),
	"aws:ec2/securityGroup:SecurityGroup":                 ec2("CreateSecurityGroup", "DeleteSecurityGroup", "RevokeSecurityGroupEgress"),
	"aws:ec2/subnet:Subnet":                               ec2("CreateSubnet", "ModifySubnetAttribute", "DeleteSubnet"),
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation": {[]string{"ec2:GetSubnetCidrReservations"}, []string{"ec2:CreateSubnetCidrReservation", "ec2:DeleteSubnetCidrReservation"}},
	"aws:ec2/volumeAttachment:VolumeAttachment":           ec2("AttachVolume", "DetachVolume", "StopInstances"),
	"aws:ec2/vpc:Vpc":                                     ec2("CreateVpc", "ModifyVpcAttribute", "DeleteVpc"),
	"aws:ec2/vpcEndpoint:VpcEndpoint":                     ec2("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
	"aws:iam/instanceProfile:InstanceProfile":             {[]string{"iam:GetInstanceProfile"}, []string{"iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:UntagInstanceProfile"}},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {[]string{"iam:GetOpenIDConnectProvider"}, []string{"iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider", "iam:UpdateOpenIDConnectProviderThumbprint", "iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"}},
	"aws:iam/role:Role":                                   {[]string{"iam:GetRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole"}, []string{"iam:CreateRole", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary", "iam:TagRole", "iam:UntagRole"}},
	"aws:iam/rolePolicy:RolePolicy":                       {[]string{"iam:GetRolePolicy"}, []string{"iam:PutRolePolicy", "iam:DeleteRolePolicy"}},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {[]string{"iam:ListAttachedRolePolicies"}, []string{"iam:AttachRolePolicy", "iam:DetachRolePolicy"}},
	"aws:kms/alias:Alias":                                 {[]string{"kms:ListAliases"}, []string{"kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"}},
	"aws:kms/key:Key":                                     {[]string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"}, []string{"kms:CreateKey", "kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:EnableKey", "kms:DisableKey", "kms:UpdateKeyDescription", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource"}},
	"aws:lb/listener:Listener":                            elb("CreateListener", "ModifyListener", "ModifyListenerAttributes", "DeleteListener"),
	"aws:lb/listenerRule:ListenerRule":                    elb("CreateRule", "ModifyRule", "SetRulePriorities", "DeleteRule"),
	"aws:lb/loadBalancer:LoadBalancer":                    elb("CreateLoadBalancer", "ModifyLoadBalancerAttributes", "SetSecurityGroups", "SetSubnets", "DeleteLoadBalancer"),
	"aws:lb/targetGroup:TargetGroup":                      elb("CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "DeleteTargetGroup"),
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":  elb("RegisterTargets", "DeregisterTargets"),
	"aws:route53/record:Record":                           {[]string{"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:GetChange"}, []string{"route53:ChangeResourceRecordSets"}},
	"aws:scheduler/schedule:Schedule":                     {[]string{"scheduler:GetSchedule"}, []string{"scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"}},
	"aws:sns/topic:Topic":                                 {[]string{"sns:GetTopicAttributes", "sns:ListTagsForResource"}, []string{"sns:CreateTopic", "sns:SetTopicAttributes", "sns:DeleteTopic", "sns:TagResource", "sns:UntagResource"}},
	"aws:sns/topicSubscription:TopicSubscription":         {[]string{"sns:GetSubscriptionAttributes"}, []string{"sns:Subscribe", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"}},
	"aws:ssm/document:Document":                           {[]string{"ssm:DescribeDocument", "ssm:DescribeDocumentPermission", "ssm:GetDocument", "ssm:ListTagsForResource"}, []string{"ssm:CreateDocument", "ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion", "ssm:DeleteDocument", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"}},
	// The values are no part of read: each role has those that it may know.
	"aws:ssm/parameter:Parameter": {[]string{"ssm:DescribeParameters", "ssm:ListTagsForResource"}, []string{"ssm:PutParameter", "ssm:DeleteParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"}},

	"aws:s3/bucketV2:BucketV2": {[]string{
		"s3:ListBucket", "s3:GetBucket*", "s3:GetAccelerateConfiguration", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
	}, []string{"s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketTagging", "s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"}},
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":                                 {[]string{"s3:GetBucketCORS"}, []string{"s3:PutBucketCORS"}},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {[]string{"s3:GetLifecycleConfiguration"}, []string{"s3:PutLifecycleConfiguration"}},
	"aws:s3/bucketObjectv2:BucketObjectv2":                                                       {nil, []string{"s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:GetObjectTagging"}},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {[]string{"s3:GetBucketPolicy"}, []string{"s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {[]string{"s3:GetBucketPublicAccessBlock"}, []string{"s3:PutBucketPublicAccessBlock"}},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {[]string{"s3:GetEncryptionConfiguration"}, []string{"s3:PutEncryptionConfiguration"}},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {[]string{"s3:GetBucketVersioning"}, []string{"s3:PutBucketVersioning"}},
	"aws:wafv2/webAcl:WebAcl": {[]string{"wafv2:GetWebACL", "wafv2:ListTagsForResource"}, []string{
		"wafv2:CreateWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL", "wafv2:TagResource", "wafv2:UntagResource",
	}},
	"aws:wafv2/webAclAssociation:WebAclAssociation": {[]string{"wafv2:GetWebACLForResource"}, []string{
		"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "elasticloadbalancing:SetWebACL",
	}},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   ec2("AuthorizeSecurityGroupEgress", "ModifySecurityGroupRules", "RevokeSecurityGroupEgress"),
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ec2("AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress"),
}

// lookups are the actions of the program's own questions, and of the command's.
var lookups = []string{
	"ec2:Describe*", "servicequotas:GetServiceQuota", "pricing:GetProducts", "route53:ListHostedZones", "route53:ListTagsForResource",
	"elasticloadbalancing:Describe*", "s3:ListBucket", "acm:ListCertificates",
}

// ec2 are the calls of a type of EC2, all of which are described and tagged in the same way.
func ec2(write ...string) calls {
	return calls{[]string{"ec2:Describe*"}, append(of("ec2", write...), "ec2:CreateTags", "ec2:DeleteTags")}
}

func elb(write ...string) calls {
	return calls{[]string{"elasticloadbalancing:Describe*"}, append(of("elasticloadbalancing", write...), "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags")}
}

// of are actions of a service.
func of(service string, names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, service+":"+name)
	}
	return out
}
