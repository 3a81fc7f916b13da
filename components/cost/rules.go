package cost

// Keys of Usage. All quantities are of one month.
const (
	// UsageLoad is the average CPU utilization of an instance, 0 to 1.
	UsageLoad = "load"
	// UsageAwake is the share of the hours in which an instance runs, 0 to 1; 1 if it is not set.
	UsageAwake = "awake"
	// UsageInternetGiB is the data sent to the internet, in GiB.
	UsageInternetGiB = "internetGiB"
	// UsageZonesGiB is the data sent between zones, in GiB.
	UsageZonesGiB = "zonesGiB"
	// UsageNATGiB is the data through a NAT gateway, in GiB.
	UsageNATGiB = "natGiB"
	// UsageBucketGiB, UsageBucketWrites and UsageBucketReads are the content of a bucket in GiB and its requests.
	UsageBucketGiB    = "bucketGiB"
	UsageBucketWrites = "bucketWrites"
	UsageBucketReads  = "bucketReads"
	// UsageCapacityUnits is the average number of capacity units (LCU) of a load balancer.
	UsageCapacityUnits = "capacityUnits"
	// UsageSnapshotGiB is the size of the snapshots that a policy keeps, in GiB.
	UsageSnapshotGiB = "snapshotGiB"
	// UsageLogsGiB is the data written to a log group, in GiB.
	UsageLogsGiB = "logsGiB"
	// UsageWebRequests is the number of requests that a web ACL inspects.
	UsageWebRequests = "webRequests"
)

// pricedTypes hold the rule of each billed type.
var pricedTypes = map[string]func(*estimate, Resource){
	instanceType:                             (*estimate).instance,
	"aws:ebs/volume:Volume":                  func(e *estimate, r Resource) { e.volume(r, "data disk", r.Inputs, "size", "type") },
	"aws:ec2/eip:Eip":                        func(e *estimate, r Resource) { e.month(r, "public IPv4", "publicIPv4", 1) },
	"aws:ec2/natGateway:NatGateway":          (*estimate).natGateway,
	"aws:ec2/vpcEndpoint:VpcEndpoint":        (*estimate).endpoint,
	"aws:lb/loadBalancer:LoadBalancer":       (*estimate).loadBalancer,
	"aws:alb/loadBalancer:LoadBalancer":      (*estimate).loadBalancer,
	"aws:s3/bucketV2:BucketV2":               (*estimate).bucket,
	"aws:kms/key:Key":                        perMonth("key", "key"),
	"aws:secretsmanager/secret:Secret":       perMonth("secret", "secret"),
	"aws:route53/zone:Zone":                  perMonth("hosted zone", "hostedZone"),
	"aws:cloudwatch/metricAlarm:MetricAlarm": (*estimate).alarm,
	"aws:cloudwatch/logGroup:LogGroup": func(e *estimate, r Resource) {
		e.line(r, "logs", "logs", e.used(r, UsageLogsGiB), "assumed quantity")
	},
	"aws:dlm/lifecyclePolicy:LifecyclePolicy": func(e *estimate, r Resource) {
		e.line(r, "snapshots", "snapshot", e.used(r, UsageSnapshotGiB), "assumed quantity")
	},
	"aws:wafv2/webAcl:WebAcl": (*estimate).webACL,
}

// freeTypes hold the reason why a type has no bill of its own.
var freeTypes = map[string]string{
	"aws:ec2/vpc:Vpc":       "networks are free",
	"aws:ec2/subnet:Subnet": "networks are free",
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation":       "networks are free",
	"aws:ec2/internetGateway:InternetGateway":                   "its data is data transfer",
	"aws:ec2/routeTable:RouteTable":                             "networks are free",
	"aws:ec2/route:Route":                                       "networks are free",
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       "networks are free",
	"aws:ec2/securityGroup:SecurityGroup":                       "networks are free",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         "networks are free",
	"aws:ec2/flowLog:FlowLog":                                   "the log group is billed",
	"aws:ec2/eipAssociation:EipAssociation":                     "the address is billed",
	"aws:ec2/volumeAttachment:VolumeAttachment":                 "the volume is billed",
	"aws:ec2/keyPair:KeyPair":                                   "key pairs are free",
	"aws:ec2/launchTemplate:LaunchTemplate":                     "its instances are billed",
	"aws:ec2/ebsEncryptionByDefault:EbsEncryptionByDefault":     "a setting of the account",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "networks are free",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "networks are free",

	"aws:iam/role:Role":                                   "IAM is free",
	"aws:iam/policy:Policy":                               "IAM is free",
	"aws:iam/rolePolicy:RolePolicy":                       "IAM is free",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   "IAM is free",
	"aws:iam/instanceProfile:InstanceProfile":             "IAM is free",
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": "IAM is free",

	"aws:ssm/parameter:Parameter":                 "parameters of the standard tier are free",
	"aws:ssm/document:Document":                   "documents are free",
	"aws:kms/alias:Alias":                         "the key is billed",
	"aws:kms/keyPolicy:KeyPolicy":                 "the key is billed",
	"aws:sns/topic:Topic":                         "the first thousand e-mails a month are free",
	"aws:sns/topicPolicy:TopicPolicy":             "policies are free",
	"aws:sns/topicSubscription:TopicSubscription": "the first thousand e-mails a month are free",
	"aws:budgets/budget:Budget":                   "budgets without actions are free",
	"aws:scheduler/schedule:Schedule":             "fourteen million invocations a month are free",
	"aws:scheduler/scheduleGroup:ScheduleGroup":   "schedules are billed",
	"aws:cloudwatch/eventRule:EventRule":          "events of AWS services are free",
	"aws:cloudwatch/eventTarget:EventTarget":      "events of AWS services are free",

	"aws:acm/certificate:Certificate":                     "public certificates are free",
	"aws:acm/certificateValidation:CertificateValidation": "public certificates are free",
	"aws:route53/record:Record":                           "records are free, and queries of aliases too",
	"aws:lb/listener:Listener":                            "the load balancer is billed",
	"aws:lb/listenerRule:ListenerRule":                    "the load balancer is billed",
	"aws:lb/listenerCertificate:ListenerCertificate":      "the load balancer is billed",
	"aws:lb/targetGroup:TargetGroup":                      "the load balancer is billed",
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":  "the load balancer is billed",
	"aws:wafv2/webAclAssociation:WebAclAssociation":       "the web ACL is billed",

	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     "the bucket is billed",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "the bucket is billed",
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               "the bucket is billed",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       "the bucket is billed",
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     "the bucket is billed",
	"aws:s3/bucketPolicy:BucketPolicy":                                                           "the bucket is billed",
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":                                 "the bucket is billed",
	"aws:s3/bucketNotification:BucketNotification":                                               "the bucket is billed",
	"aws:s3/bucketObjectv2:BucketObjectv2":                                                       "the bucket is billed",
}

// perMonth returns the rule of a type with one price a month.
func perMonth(item, key string) func(*estimate, Resource) {
	return func(e *estimate, r Resource) { e.line(r, item, key, 1, "") }
}
