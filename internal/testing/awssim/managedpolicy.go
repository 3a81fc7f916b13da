package awssim

// managedPolicies are AWS's own policies that a role may have, reduced to the permissions that this model evaluates
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html, 2026-11). Note that
// AmazonSSMManagedInstanceCore allows a machine to read every parameter of the account: protect secrets by a deny.
var managedPolicies = map[string]*policy{
	"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore": allow(
		"ssm:DescribeAssociation", "ssm:GetDeployablePatchSnapshotForInstance", "ssm:GetDocument", "ssm:DescribeDocument",
		"ssm:GetManifest", "ssm:GetParameter", "ssm:GetParameters", "ssm:ListAssociations", "ssm:ListInstanceAssociations",
		"ssm:PutInventory", "ssm:PutComplianceItems", "ssm:PutConfigurePackageResult", "ssm:UpdateAssociationStatus",
		"ssm:UpdateInstanceAssociationStatus", "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
		"ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
		"ec2messages:GetMessages", "ec2messages:SendReply",
	),
	"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly": allow(
		"ecr:GetAuthorizationToken", "ecr:BatchImportUpstreamImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
	),
	"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly": allow(
		"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
		"ecr:GetRepositoryPolicy", "ecr:DescribeRepositories", "ecr:ListImages", "ecr:DescribeImages", "ecr:GetLifecyclePolicy",
		"ecr:GetLifecyclePolicyPreview", "ecr:ListTagsForResource", "ecr:DescribeImageScanFindings",
	),
	"arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole": {Version: "2012-10-17", Statement: []statement{
		{Effect: "Allow", Resource: []string{"*"}, Action: []string{
			"ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:DeleteSnapshot", "ec2:DescribeInstances", "ec2:DescribeVolumes",
			"ec2:DescribeSnapshots", "ec2:EnableFastSnapshotRestores", "ec2:DescribeFastSnapshotRestores",
			"ec2:DisableFastSnapshotRestores", "ec2:CopySnapshot", "ec2:ModifySnapshotAttribute", "ec2:DescribeSnapshotAttribute",
			"ec2:ModifySnapshotTier", "ec2:DescribeSnapshotTierStatus",
		}},
		{Effect: "Allow", Resource: []string{"arn:aws:ec2:*::snapshot/*"}, Action: []string{"ec2:CreateTags"}},
	}},
	"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy": {Version: "2012-10-17", Statement: []statement{
		{Effect: "Allow", Resource: []string{"*"}, Action: []string{
			"cloudwatch:PutMetricData", "ec2:DescribeVolumes", "ec2:DescribeTags", "logs:PutLogEvents", "logs:PutRetentionPolicy",
			"logs:DescribeLogStreams", "logs:DescribeLogGroups", "logs:CreateLogStream", "logs:CreateLogGroup",
			"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
			"xray:GetSamplingStatisticSummaries",
		}},
		{Effect: "Allow", Resource: []string{"arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"}, Action: []string{"ssm:GetParameter"}},
	}},
}

func allow(actions ...string) *policy {
	return &policy{Version: "2012-10-17", Statement: []statement{{Effect: "Allow", Action: actions, Resource: []string{"*"}}}}
}
