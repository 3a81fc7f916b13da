package awssim

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCreate_Refused tries, in a working network, one wrong thing after another.
func TestCreate_Refused(t *testing.T) {
	type attempt struct {
		name, code, message string
		try                 func(w *world) error
	}
	create := func(token string, in func(w *world) values) func(*world) error {
		return func(w *world) error {
			_, err := w.try(token, "wrong", in(w))
			return err
		}
	}
	launch := func(in func(w *world) values) func(*world) error {
		return func(w *world) error {
			_, err := w.launch("wrong", in(w))
			return err
		}
	}
	fixed := func(in values) func(*world) values { return func(*world) values { return in } }
	for _, a := range []attempt{
		{"vpc too large", "InvalidVpc.Range", "10.0.0.0/8", create(vpcToken, fixed(values{"cidrBlock": "10.0.0.0/8"}))},
		{"vpc too small", "InvalidVpc.Range", "10.0.0.0/29", create(vpcToken, fixed(values{"cidrBlock": "10.0.0.0/29"}))},
		{"vpc host names without DNS", "InvalidParameterValue", "enableDnsSupport", create(vpcToken, fixed(values{
			"cidrBlock": "10.1.0.0/16", "enableDnsSupport": false, "enableDnsHostnames": true,
		}))},
		{"too many vpcs", "VpcLimitExceeded", "VPCs", func(w *world) error {
			for range 4 {
				w.make(vpcToken, "more", values{"cidrBlock": "10.1.0.0/16"})
			}
			_, err := w.try(vpcToken, "wrong", values{"cidrBlock": "10.1.0.0/16"})
			return err
		}},
		{"subnet outside its vpc", "InvalidSubnet.Range", "10.1.0.0/20", create(subnetToken, func(w *world) values {
			return values{"vpcId": w.vpc, "cidrBlock": "10.1.0.0/20"}
		})},
		{"subnet larger than its vpc's", "InvalidSubnet.Range", "10.0.0.0/15", create(subnetToken, func(w *world) values {
			return values{"vpcId": w.vpc, "cidrBlock": "10.0.0.0/15"}
		})},
		{"subnet over another", "InvalidSubnet.Conflict", "10.0.8.0/24", create(subnetToken, func(w *world) values {
			return values{"vpcId": w.vpc, "cidrBlock": "10.0.8.0/24"}
		})},
		{"subnet in no zone", "InvalidParameterValue", "ap-northeast-2z", create(subnetToken, func(w *world) values {
			return values{"vpcId": w.vpc, "cidrBlock": "10.0.32.0/24", "availabilityZone": "ap-northeast-2z"}
		})},
		{"subnet of no vpc", "InvalidVpcID.NotFound", "vpc-nope", create(subnetToken, fixed(values{"vpcId": "vpc-nope", "cidrBlock": "10.0.32.0/24"}))},
		{"second gateway", "InvalidParameterValue", "already has an internet gateway", create(internetGatewayToken, func(w *world) values {
			return values{"vpcId": w.vpc}
		})},
		{"same route twice", "RouteAlreadyExists", "0.0.0.0/0", create(routeToken, func(w *world) values {
			return values{"routeTableId": w.table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": w.gateway}
		})},
		{"route to no gateway", "InvalidInternetGatewayID.NotFound", "igw-nope", create(routeToken, func(w *world) values {
			return values{"routeTableId": w.table, "destinationCidrBlock": "1.0.0.0/8", "gatewayId": "igw-nope"}
		})},
		{"route to no NAT gateway", "InvalidNatGatewayID.NotFound", "nat-nope", create(routeToken, func(w *world) values {
			return values{"routeTableId": w.table, "destinationCidrBlock": "1.0.0.0/8", "natGatewayId": "nat-nope"}
		})},
		{"route in no table", "InvalidRouteTableID.NotFound", "rtb-nope", create(routeToken, func(w *world) values {
			return values{"routeTableId": "rtb-nope", "destinationCidrBlock": "1.0.0.0/8", "gatewayId": w.gateway}
		})},
		{"subnet associated twice", "Resource.AlreadyAssociated", "conflicts with an existing association", create(routeTableAssociationToken, func(w *world) values {
			return values{"subnetId": w.public, "routeTableId": w.table}
		})},
		{"sixth elastic address", "AddressLimitExceeded", "maximum number of addresses", func(w *world) error {
			for range 5 {
				w.make(addressToken, "more", values{"domain": "vpc"})
			}
			_, err := w.try(addressToken, "wrong", values{"domain": "vpc"})
			return err
		}},
		{"address for no instance", "InvalidInstanceID.NotFound", "i-nope", create(addressToken, fixed(values{"instance": "i-nope"}))},
		{"address of a NAT gateway", "AuthFailure", "belongs to NAT gateway", func(w *world) error {
			a := w.make(addressToken, "nat", values{})
			w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": a})
			_, err := w.try(addressAssociationToken, "wrong", values{"allocationId": a, "instanceId": w.machine("one", nil)})
			return err
		}},
		{"NAT gateway with an address in use", "Resource.AlreadyAssociated", "already associated", func(w *world) error {
			a := w.make(addressToken, "one", values{"instance": w.machine("one", nil)})
			_, err := w.try(natGatewayToken, "wrong", values{"subnetId": w.public, "allocationId": a})
			return err
		}},
		{"NAT gateway of no allocation", "InvalidAllocationID.NotFound", "eipalloc-nope", create(natGatewayToken, func(w *world) values {
			return values{"subnetId": w.public, "allocationId": "eipalloc-nope"}
		})},
		{"NAT gateway in no subnet", "InvalidSubnetID.NotFound", "subnet-nope", create(natGatewayToken, fixed(values{"subnetId": "subnet-nope", "connectivityType": "private"}))},
		{"group of no vpc", "InvalidVpcID.NotFound", "vpc-nope", create(securityGroupToken, fixed(values{"vpcId": "vpc-nope"}))},
		{"group of the default vpc", "VPCIdNotSpecified", "No default VPC", create(securityGroupToken, fixed(values{"vpcId": ""}))},
		{"public addresses used up", "InsufficientAddressCapacity", "no public address", func(w *world) error {
			w.c.public.blocks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/30")}
			w.machine("one", nil)
			w.make(addressToken, "two", values{})
			if _, err := w.try(addressToken, "wrong", values{}); err == nil {
				return nil
			}
			before := len(w.c.volumes)
			_, err := w.launch("wrong", nil)
			assert.Len(w, w.c.volumes, before, "what was taken for it is given back")
			return err
		}},
		{"address of no allocation", "InvalidAllocationID.NotFound", "eipalloc-nope", create(addressAssociationToken, func(w *world) values {
			return values{"allocationId": "eipalloc-nope", "instanceId": w.machine("one", nil)}
		})},
		{"address where there is no gateway", "Gateway.NotAttached", "not attached to any internet gateway", func(w *world) error {
			v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			s := w.make(subnetToken, "other", values{"vpcId": v, "cidrBlock": "10.9.0.0/24"})
			i := w.machine("other", values{"subnetId": s, "vpcSecurityGroupIds": nil})
			_, err := w.try(addressToken, "wrong", values{"instance": i})
			return err
		}},
		{"NAT where there is no gateway", "Gateway.NotAttached", "no Internet gateway", func(w *world) error {
			v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			s := w.make(subnetToken, "other", values{"vpcId": v, "cidrBlock": "10.9.0.0/24"})
			_, err := w.try(natGatewayToken, "wrong", values{"subnetId": s, "allocationId": w.make(addressToken, "nat", values{})})
			return err
		}},
		{"endpoint of no service", "InvalidServiceName", "com.amazonaws.us-east-1.s3", create(vpcEndpointToken, func(w *world) values {
			return values{"vpcId": w.vpc, "serviceName": "com.amazonaws.us-east-1.s3"}
		})},
		{"two endpoints in one table", "RouteAlreadyExists", "destination-prefix-list-id", func(w *world) error {
			in := values{"vpcId": w.vpc, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": []any{w.table}}
			w.make(vpcEndpointToken, "s3", in)
			_, err := w.try(vpcEndpointToken, "wrong", in)
			return err
		}},
		{"group of the same name", "InvalidGroup.Duplicate", "nodes", create(securityGroupToken, func(w *world) values {
			return values{"vpcId": w.vpc, "name": "nodes"}
		})},
		{"group called default", "InvalidParameterValue", "default", create(securityGroupToken, func(w *world) values {
			return values{"vpcId": w.vpc, "name": "default"}
		})},
		{"rule of no group", "InvalidGroup.NotFound", "sg-nope", create(ingressRuleToken, fixed(values{
			"securityGroupId": "sg-nope", "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "cidrIpv4": "0.0.0.0/0",
		}))},
		{"rule from no group", "InvalidGroup.NotFound", "sg-nope", create(ingressRuleToken, func(w *world) values {
			return values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "referencedSecurityGroupId": "sg-nope"}
		})},
		{"rule twice, by another name of the protocol", "InvalidPermission.Duplicate", "already exists", func(w *world) error {
			w.make(ingressRuleToken, "one", values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"})
			_, err := w.try(ingressRuleToken, "wrong", values{
				"securityGroupId": w.group, "ipProtocol": "6", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8", "description": "again",
			})
			return err
		}},
		{"rule without ports", "InvalidParameterValue", "from and to ports", create(ingressRuleToken, func(w *world) values {
			return values{"securityGroupId": w.group, "ipProtocol": "udp", "cidrIpv4": "0.0.0.0/0"}
		})},
		{"rule with ports the wrong way round", "InvalidParameterValue", "port range", create(ingressRuleToken, func(w *world) values {
			return values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 2, "toPort": 1, "cidrIpv4": "0.0.0.0/0"}
		})},
		{"rule number 61", "RulesPerSecurityGroupLimitExceeded", "maximum number of rules", func(w *world) error {
			rule := func(port int) error {
				_, err := w.try(ingressRuleToken, "more", values{"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": "0.0.0.0/0"})
				return err
			}
			for port := range 60 {
				require.NoError(w, rule(port))
			}
			return rule(60)
		}},
		{"instance in no subnet", "InvalidSubnetID.NotFound", "subnet-nope", launch(fixed(values{"subnetId": "subnet-nope"}))},
		{"instance in another zone than its subnet", "InvalidParameterValue", "ap-northeast-2c", launch(fixed(values{"availabilityZone": "ap-northeast-2c"}))},
		{"instance of no image", "InvalidAMIID.NotFound", "ami-nope", launch(fixed(values{"ami": "ami-nope"}))},
		{"instance of another architecture", "InvalidParameterValue", "architecture", launch(func(w *world) values {
			return values{"ami": w.c.images.parameters[ubuntuARM]}
		})},
		{"instance of no type", "InvalidParameterValue", "t3.huge", launch(fixed(values{"instanceType": "t3.huge"}))},
		{"instance type not in the zone", "Unsupported", "choosing ap-northeast-2b, ap-northeast-2c, ap-northeast-2d", launch(fixed(values{"instanceType": "m6i.large"}))},
		{"instance with no key", "InvalidKeyPair.NotFound", "nobody", launch(fixed(values{"keyName": "nobody"}))},
		{"instance with no group", "InvalidGroup.NotFound", "sg-nope", launch(fixed(values{"vpcSecurityGroupIds": []any{"sg-nope"}}))},
		{"instance with another network's group", "InvalidParameter", "different networks", launch(func(w *world) values {
			v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			return values{"vpcSecurityGroupIds": []any{w.make(securityGroupToken, "other", values{"vpcId": v})}}
		})},
		{"instance with six groups", "SecurityGroupsPerInterfaceLimitExceeded", "6 of 5", launch(func(w *world) values {
			var groups []any
			for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
				groups = append(groups, w.make(securityGroupToken, name, values{"vpcId": w.vpc}))
			}
			return values{"vpcSecurityGroupIds": groups}
		})},
		{"instance with no profile", "InvalidParameterValue", "Invalid IAM Instance Profile name", launch(fixed(values{"iamInstanceProfile": "nobody"}))},
		{"instance with an empty profile", "InvalidParameterValue", "no associated IAM Roles", launch(func(w *world) values {
			return values{"iamInstanceProfile": w.make(instanceProfileToken, "empty", values{})}
		})},
		{"address taken", "InvalidIPAddress.InUse", "10.0.0.10 is in use", func(w *world) error {
			w.machine("one", values{"privateIp": "10.0.0.10"})
			_, err := w.launch("wrong", values{"privateIp": "10.0.0.10"})
			return err
		}},
		{"address outside the subnet", "InvalidParameterValue", "does not fall within", launch(fixed(values{"privateIp": "10.0.16.10"}))},
		{"address among the first four", "InvalidParameterValue", "reserved address range", launch(fixed(values{"privateIp": "10.0.0.3"}))},
		{"last address", "InvalidParameterValue", "reserved address range", launch(fixed(values{"privateIp": "10.0.15.255"}))},
		{"subnet full", "InsufficientFreeAddressesInSubnet", "free addresses", func(w *world) error {
			s := w.make(subnetToken, "tiny", values{"vpcId": w.vpc, "cidrBlock": "10.0.32.0/28"})
			for range 11 {
				w.machine("more", values{"subnetId": s, "instanceType": "t3.nano"})
			}
			_, err := w.launch("wrong", values{"subnetId": s, "instanceType": "t3.nano"})
			return err
		}},
		{"one vCPU too many", "VcpuLimitExceeded", "vCPU limit of 24", func(w *world) error {
			for range 12 {
				w.machine("more", nil)
			}
			_, err := w.launch("wrong", nil)
			return err
		}},
		{"root disk smaller than the image", "InvalidBlockDeviceMapping", "expect size >= 8GB", launch(fixed(values{
			"rootBlockDevice": values{"volumeSize": 7},
		}))},
		{"two disks at one device", "InvalidBlockDeviceMapping", "/dev/sdf", launch(fixed(values{"ebsBlockDevices": []any{
			values{"deviceName": "/dev/sdf", "volumeSize": 1}, values{"deviceName": "/dev/sdf", "volumeSize": 1},
		}}))},
		{"volume in no zone", "InvalidZone.NotFound", "mars", create(volumeToken, fixed(values{"availabilityZone": "mars", "size": 1}))},
		{"volume of nothing", "InvalidParameterValue", "too small", create(volumeToken, fixed(values{"availabilityZone": "ap-northeast-2a", "size": 0}))},
		{"volume too large", "InvalidParameterValue", "too large", create(volumeToken, fixed(values{"availabilityZone": "ap-northeast-2a", "size": 16385, "type": "gp3"}))},
		{"volume too fast", "InvalidParameterValue", "out of range for gp3", create(volumeToken, fixed(values{
			"availabilityZone": "ap-northeast-2a", "size": 10, "type": "gp3", "iops": 20000,
		}))},
		{"key for a volume that is not encrypted", "InvalidParameterDependency", "Encrypted", create(volumeToken, fixed(values{
			"availabilityZone": "ap-northeast-2a", "size": 10, "kmsKeyId": "arn:aws:kms:ap-northeast-2:000000000000:key/x",
		}))},
		{"volume in another zone", "InvalidVolume.ZoneMismatch", "same availability zone", create(volumeAttachmentToken, func(w *world) values {
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2b", "size": 10})
			return values{"volumeId": v, "instanceId": w.machine("one", nil), "deviceName": "/dev/sdf"}
		})},
		{"volume attached twice", "VolumeInUse", "already attached", func(w *world) error {
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 10})
			w.make(volumeAttachmentToken, "v", values{"volumeId": v, "instanceId": w.machine("one", nil), "deviceName": "/dev/sdf"})
			_, err := w.try(volumeAttachmentToken, "wrong", values{"volumeId": v, "instanceId": w.machine("two", nil), "deviceName": "/dev/sdf"})
			return err
		}},
		{"device taken", "InvalidParameterValue", "/dev/sda1 is already in use", create(volumeAttachmentToken, func(w *world) values {
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 10})
			return values{"volumeId": v, "instanceId": w.machine("one", nil), "deviceName": "/dev/sda1"}
		})},
		{"no volume", "InvalidVolume.NotFound", "vol-nope", create(volumeAttachmentToken, func(w *world) values {
			return values{"volumeId": "vol-nope", "instanceId": w.machine("one", nil), "deviceName": "/dev/sdf"}
		})},
		{"no instance for a volume", "InvalidInstanceID.NotFound", "i-nope", create(volumeAttachmentToken, func(w *world) values {
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 10})
			return values{"volumeId": v, "instanceId": "i-nope", "deviceName": "/dev/sdf"}
		})},
		{"key twice", "InvalidKeyPair.Duplicate", "already exists", func(w *world) error {
			w.make(keyPairToken, "k", values{"keyName": "me", "publicKey": publicKey})
			_, err := w.try(keyPairToken, "wrong", values{"keyName": "me", "publicKey": publicKey})
			return err
		}},
		{"key that is none", "InvalidKey.Format", "OpenSSH", create(keyPairToken, fixed(values{"publicKey": "ssh-ed25519 bm9uZQ=="}))},
		{"key of one word", "InvalidKey.Format", "OpenSSH", create(keyPairToken, fixed(values{"publicKey": "ssh-ed25519"}))},
		{"key of a kind EC2 does not take", "InvalidKey.Format", "OpenSSH", create(keyPairToken, fixed(values{"publicKey": "ssh-dss AAAAB3NzaC1kc3MAAAA="}))},
		{"role twice", "EntityAlreadyExists", "me", func(w *world) error {
			w.make(roleToken, "r", values{"name": "me", "assumeRolePolicy": trustEC2})
			_, err := w.try(roleToken, "wrong", values{"name": "me", "assumeRolePolicy": trustEC2})
			return err
		}},
		{"role that nobody may assume", "MalformedPolicyDocument", "Principal", create(roleToken, fixed(values{
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`,
		}))},
		{"trust that is too long", "LimitExceeded", "ACLSizePerRole: 2048", create(roleToken, fixed(values{
			"assumeRolePolicy": strings.Replace(trustEC2, "ec2.amazonaws.com", strings.Repeat("x", 2048), 1),
		}))},
		{"profile twice", "EntityAlreadyExists", "me", func(w *world) error {
			w.make(instanceProfileToken, "p", values{"name": "me"})
			_, err := w.try(instanceProfileToken, "wrong", values{"name": "me"})
			return err
		}},
		{"profile of no role", "NoSuchEntity", "nobody", create(instanceProfileToken, fixed(values{"role": "nobody"}))},
		{"policy of no role", "NoSuchEntity", "nobody", create(rolePolicyToken, fixed(values{"role": "nobody", "policy": policyText("Allow", "ssm:*", "*")}))},
		{"attachment to no role", "NoSuchEntity", "nobody", create(rolePolicyAttachmentToken, fixed(values{"role": "nobody", "policyArn": coreARN}))},
		{"attachment of no policy", "NoSuchEntity", "not attachable", create(rolePolicyAttachmentToken, func(w *world) values {
			return values{"role": w.role("r"), "policyArn": "arn:aws:iam::aws:policy/Nothing"}
		})},
		{"policy twice", "EntityAlreadyExists", "silently overwrite", func(w *world) error {
			in := values{"role": w.role("r"), "name": "p", "policy": policyText("Allow", "ssm:*", "*")}
			w.make(rolePolicyToken, "p", in)
			_, err := w.try(rolePolicyToken, "wrong", in)
			return err
		}},
		{"policy too large", "LimitExceeded", "10240 bytes", create(rolePolicyToken, func(w *world) values {
			return values{"role": w.role("r"), "policy": policyText("Allow", "ssm:*", "arn:aws:ssm:::"+strings.Repeat("x", 10240))}
		})},
		{"policies too large together", "LimitExceeded", "10240 bytes", func(w *world) error {
			half := policyText("Allow", "ssm:*", "arn:aws:ssm:::"+strings.Repeat("x", 5100))
			w.make(rolePolicyToken, "one", values{"role": w.role("r"), "name": "one", "policy": half})
			_, err := w.try(rolePolicyToken, "wrong", values{"role": "r", "name": "two", "policy": half})
			return err
		}},
		{"parameter twice", "ParameterAlreadyExists", "already exists", func(w *world) error {
			in := values{"name": "/a/b", "type": "String", "value": "x"}
			w.make(parameterToken, "p", in)
			_, err := w.try(parameterToken, "wrong", in)
			return err
		}},
		{"parameter too large", "ValidationException", "4096", create(parameterToken, fixed(values{
			"name": "/a/b", "type": "String", "value": strings.Repeat("x", 4097),
		}))},
		{"advanced parameter too large", "ValidationException", "8192", create(parameterToken, fixed(values{
			"name": "/a/b", "type": "String", "tier": "Advanced", "value": strings.Repeat("x", 8193),
		}))},
		{"empty parameter", "ValidationException", "greater than or equal to 1", create(parameterToken, fixed(values{"name": "/a/b", "type": "String", "value": ""}))},
		{"parameter among AWS's own", "ValidationException", `prefixed with "aws"`, create(parameterToken, fixed(values{"name": "/aws/b", "type": "String", "value": "x"}))},
		{"parameter with a relative name", "ValidationException", "fully qualified", create(parameterToken, fixed(values{"name": "a/b", "type": "String", "value": "x"}))},
		{"parameter with a space in its name", "ValidationException", "only a mix of letters", create(parameterToken, fixed(values{"name": "/a b", "type": "String", "value": "x"}))},
		{"parameter with sixteen levels", "ValidationException", "15 levels", create(parameterToken, fixed(values{
			"name": strings.Repeat("/a", 16), "type": "String", "value": "x",
		}))},
		{"parameter with a pattern that is none", "InvalidAllowedPatternException", "regular expression", create(parameterToken, fixed(values{
			"name": "/a/b", "type": "String", "value": "x", "allowedPattern": "(",
		}))},
		{"parameter against its pattern", "ParameterPatternMismatchException", "[0-9]+", create(parameterToken, fixed(values{
			"name": "/a/b", "type": "String", "value": "x", "allowedPattern": "^[0-9]+$",
		}))},
		{"bucket twice", "BucketAlreadyOwnedByYou", "backups", func(w *world) error {
			w.make(bucketToken, "b", values{"bucket": "backups"})
			_, err := w.try(bucketToken, "wrong", values{"bucket": "backups"})
			return err
		}},
		{"setting of no bucket", "NoSuchBucket", "nope", create(bucketVersioningToken, fixed(values{
			"bucket": "nope", "versioningConfiguration": values{"status": "Enabled"},
		}))},
		{"setting twice", "OperationAborted", "silently overwrite", func(w *world) error {
			in := values{"bucket": w.make(bucketToken, "b", values{}), "blockPublicAcls": true}
			w.make(bucketPublicAccessBlockToken, "b", in)
			_, err := w.try(bucketPublicAccessBlockToken, "wrong", in)
			return err
		}},
		{"lifecycle rule twice", "InvalidArgument", "must be unique", create(bucketLifecycleToken, func(w *world) values {
			rule := values{"id": "r", "status": "Enabled", "expiration": values{"days": 1}}
			return values{"bucket": w.make(bucketToken, "b", values{}), "rules": []any{rule, rule}}
		})},
		{"CORS method", "InvalidRequest", "Unsupported method is PATCH", create(bucketCorsToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "corsRules": []any{values{"allowedMethods": []any{"PATCH"}, "allowedOrigins": []any{"*"}}}}
		})},
		{"CORS origin", "InvalidRequest", "more than one wildcard", create(bucketCorsToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "corsRules": []any{values{"allowedMethods": []any{"GET"}, "allowedOrigins": []any{"https://*.example.*"}}}}
		})},
		{"CORS exposed header", "InvalidRequest", "contains wildcard", create(bucketCorsToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "corsRules": []any{values{"allowedMethods": []any{"GET"}, "allowedOrigins": []any{"*"}, "exposeHeaders": []any{"x-*"}}}}
		})},
		{"lifecycle rule that does nothing", "MalformedXML", "At least one action", create(bucketLifecycleToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "rules": []any{values{"id": "r", "status": "Enabled"}}}
		})},
		{"policy about another bucket", "MalformedPolicy", "invalid resource", create(bucketPolicyToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "policy": bucketPolicyText("*", "arn:aws:s3:::other/*")}
		})},
		{"policy without a principal", "MalformedPolicy", "Missing required field Principal", create(bucketPolicyToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "policy": policyText("Allow", "s3:GetObject", "*")}
		})},
		{"policy without a resource", "MalformedPolicy", "Missing required field Resource", create(bucketPolicyToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "policy": `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*"}]}`}
		})},
		{"policy that is none", "MalformedPolicy", "Syntax errors", create(bucketPolicyToken, func(w *world) values {
			return values{"bucket": w.make(bucketToken, "b", values{}), "policy": "none"}
		})},
		{"policy for nobody", "MalformedPolicy", "Invalid principal", create(bucketPolicyToken, func(w *world) values {
			b := w.make(bucketToken, "b", values{})
			return values{"bucket": b, "policy": bucketPolicyText("arn:aws:iam::000000000000:role/nobody", "arn:aws:s3:::"+b+"/*")}
		})},
		{"public policy where none may be", "AccessDenied", "BlockPublicPolicy", create(bucketPolicyToken, func(w *world) values {
			b := w.make(bucketToken, "b", values{})
			w.make(bucketPublicAccessBlockToken, "b", values{"bucket": b, "blockPublicPolicy": true})
			return values{"bucket": b, "policy": bucketPolicyText("*", "arn:aws:s3:::"+b+"/*")}
		})},
	} {
		t.Run(a.name, func(t *testing.T) {
			w := build(t, Options{
				Quotas:    map[string]float64{QuotaStandardVCPUs: 24},
				Unoffered: map[string][]string{"ap-northeast-2a": {"m6i.large"}},
			})
			before := len(w.c.Resources())
			err := a.try(w)
			w.refused(err, a.code, a.message)
			for _, r := range w.c.Resources()[before:] {
				assert.NotEqual(t, "wrong", r.Name, "what was refused must not exist")
			}
		})
	}
}

// role makes a role that EC2 may assume.
func (w *world) role(name string) string {
	w.Helper()
	return w.make(roleToken, name, values{"name": name, "assumeRolePolicy": trustEC2})
}

func policyText(effect, action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func bucketPolicyText(principal, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"s3:GetObject","Resource":"` + resource + `"}]}`
}

// TestCheck_InvalidInputs holds the checks that need no call of AWS: the provider's own, and those for properties that are not modeled.
func TestCheck_InvalidInputs(t *testing.T) {
	big := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", userDataLimit+1)))
	for _, tt := range []struct {
		name, token string
		in          values
		want        string
	}{
		{"unknown type", "aws:lambda/function:Function", values{}, `resource type "aws:lambda/function:Function" is not modeled`},
		{"unknown property", vpcToken, values{"cidrBlock": "10.0.0.0/16", "color": "red"}, `property "color": unknown property`},
		{"property not modeled", vpcToken, values{"cidrBlock": "10.0.0.0/16", "ipv6NetmaskLength": 56}, `property "ipv6NetmaskLength": the SDK has this property but the simulated AWS does not model it`},
		{"unknown field of a block", instanceToken, values{"rootBlockDevice": values{"color": "red"}}, `property "rootBlockDevice.color": unknown property`},
		{"missing property", subnetToken, values{"cidrBlock": "10.0.0.0/24"}, `property "vpcId": missing required property`},
		{"text that is a number", vpcToken, values{"cidrBlock": 10}, `property "cidrBlock": must be a string, not the number 10`},
		{"flag that is a text", vpcToken, values{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": "yes"}, `must be a boolean, not the string "yes"`},
		{"number with a fraction", volumeToken, values{"availabilityZone": "a", "size": 1.5}, "must be a whole number, not the number 1.5"},
		{"tag that is a number", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": values{"a": 1}}, `property "tags.a": must be a string, not the number 1`},
		{"tags that are a list", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": []any{"a"}}, "must be an object of strings, not a list"},
		{"null in a list", instanceToken, values{"vpcSecurityGroupIds": []any{nil}}, "must be a string, not null"},
		{"block in blocks that is a text", bucketLifecycleToken, values{"bucket": "b", "rules": []any{"r"}}, `property "rules[0]": must be an object, not the string "r"`},
		{"51 tags", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": manyTags(51)}, "51 tags are more than 50"},
		{"tag without a key", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": values{"": "x"}}, "must have 1 to 128 characters"},
		{"tag with a long key", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": values{strings.Repeat("x", 129): "x"}}, "must have 1 to 128 characters"},
		{"tag with a long value", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": values{"x": strings.Repeat("x", 257)}}, "longer than 256 characters"},
		{"list that is a text", instanceToken, values{"vpcSecurityGroupIds": "sg-1"}, "must be a list of strings, not the string"},
		{"list of numbers", instanceToken, values{"vpcSecurityGroupIds": []any{1}}, `property "vpcSecurityGroupIds[0]": must be a string`},
		{"block that is a text", instanceToken, values{"metadataOptions": "none"}, "must be an object, not the string"},
		{"blocks that are a block", bucketLifecycleToken, values{"bucket": "b", "rules": values{}}, "must be a list of objects, not an object"},
		{"CIDR with host bits", vpcToken, values{"cidrBlock": "10.0.0.1/16"}, `did you mean "10.0.0.0/16"?`},
		{"CIDR that is none", vpcToken, values{"cidrBlock": "ten"}, `"ten" is not a valid IPv4 CIDR block`},
		{"IPv6 CIDR", vpcToken, values{"cidrBlock": "fd00::/64"}, "is not a valid IPv4 CIDR block"},
		{"address that is none", instanceToken, values{"privateIp": "here"}, `"here" is not a valid IPv4 address`},
		{"tag of AWS's own", vpcToken, values{"cidrBlock": "10.0.0.0/16", "tags": values{"aws:x": "y"}}, "reserved for AWS"},
		{"not one of the values", volumeToken, values{"availabilityZone": "a", "size": 1, "type": "gp4"}, `"gp4" is not one of gp2, gp3`},
		{"both zones", subnetToken, values{"vpcId": "v", "cidrBlock": "10.0.0.0/24", "availabilityZone": "a", "availabilityZoneId": "b"}, "must not be set together with availabilityZone"},
		{"route without target", routeToken, values{"routeTableId": "r", "destinationCidrBlock": "0.0.0.0/0"}, "exactly one of gatewayId and natGatewayId"},
		{"NAT without address", natGatewayToken, values{"subnetId": "s"}, "must be set for a public NAT gateway"},
		{"private NAT with address", natGatewayToken, values{"subnetId": "s", "connectivityType": "private", "allocationId": "a"}, `must not be set with connectivityType "private"`},
		{"rule with two sources", ingressRuleToken, values{"securityGroupId": "g", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "referencedSecurityGroupId": "g"}, "exactly one of cidrIpv4"},
		{"rule with ports for all protocols", ingressRuleToken, values{"securityGroupId": "g", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "fromPort": 0, "toPort": 0}, "must not be set, nor toPort, with ipProtocol -1"},
		{"rule with no protocol", ingressRuleToken, values{"securityGroupId": "g", "ipProtocol": "quic", "cidrIpv4": "0.0.0.0/0"}, `"quic" is not an IP protocol`},
		{"rule with an apostrophe", ingressRuleToken, values{"securityGroupId": "g", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "description": "it's"}, "is not a valid security group description"},
		{"port too high", ingressRuleToken, values{"securityGroupId": "g", "ipProtocol": "tcp", "cidrIpv4": "0.0.0.0/0", "fromPort": 1, "toPort": 65536}, "is not between -1 and 65535"},
		{"group named like an identifier", securityGroupToken, values{"vpcId": "v", "name": "sg-mine"}, "may not begin with sg-"},
		{"IOPS for a type without", volumeToken, values{"availabilityZone": "a", "size": 1, "iops": 3000}, "must not be set when 'type' is ''"},
		{"io1 without IOPS", volumeToken, values{"availabilityZone": "a", "size": 1, "type": "io1"}, "must be set when 'type' is 'io1'"},
		{"throughput for gp2", volumeToken, values{"availabilityZone": "a", "size": 1, "type": "gp2", "throughput": 125}, "must not be set when 'type' is 'gp2'"},
		{"final snapshot", volumeToken, values{"availabilityZone": "a", "size": 1, "finalSnapshot": true}, "snapshots are not modeled"},
		{"key that is no ARN", volumeToken, values{"availabilityZone": "a", "size": 1, "encrypted": true, "kmsKeyId": "mine"}, "is not an ARN"},
		{"user data too large", instanceToken, values{"ami": "a", "instanceType": "t", "subnetId": "s", "userDataBase64": big}, "User data is limited to 16384 bytes; these are 16385"},
		{"plain user data too large", instanceToken, values{"ami": "a", "instanceType": "t", "subnetId": "s", "userData": strings.Repeat("!", userDataLimit+1)}, "User data is limited to 16384 bytes"},
		{"user data twice", instanceToken, values{"ami": "a", "instanceType": "t", "subnetId": "s", "userData": "x", "userDataBase64": "eA=="}, "must not be set together with userData"},
		{"user data not encoded", instanceToken, values{"ami": "a", "instanceType": "t", "subnetId": "s", "userDataBase64": "!"}, "must be base64-encoded"},
		{"disk tags twice", instanceToken, values{"ami": "a", "instanceType": "t", "subnetId": "s", "volumeTags": values{"a": "b"}, "rootBlockDevice": values{"tags": values{"a": "b"}}}, "must not be set together with the tags of a block device"},
		{"role name with a space", roleToken, values{"name": "a b", "assumeRolePolicy": trustEC2}, "must have 1 to 64 characters"},
		{"secret parameter given as insecure", parameterToken, values{"name": "/a", "type": "SecureString", "insecureValue": "x"}, "must not be set with type SecureString"},
		{"parameter without value", parameterToken, values{"name": "/a", "type": "String"}, "exactly one of value and insecureValue"},
		{"bucket name in capitals", bucketToken, values{"bucket": "Mine"}, "is not a valid bucket name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			_, err := w.try(tt.token, "wrong", tt.in)
			require.Error(t, err)
			assert.Contains(t, err.Error(), tt.want)
			assert.Empty(t, w.c.Resources())
		})
	}
}

func manyTags(n int) values {
	out := values{}
	for i := range n {
		out[strings.Repeat("x", i+1)] = "y"
	}
	return out
}

// TestCheck_AllProblems: every problem is reported, not only the first.
func TestCheck_AllProblems(t *testing.T) {
	w := newWorld(t, Options{})
	_, err := w.try(subnetToken, "wrong", values{"cidrBlock": "10.0.0.1/24", "color": "red"})
	require.Error(t, err)
	for _, part := range []string{"vpcId", "cidrBlock", "color"} {
		assert.Contains(t, err.Error(), part)
	}
}

func TestQuotas_Enforced(t *testing.T) {
	w := build(t, Options{Quotas: map[string]float64{QuotaStandardVCPUs: 4}})
	exact := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", userDataLimit)))
	w.machine("one", values{"userDataBase64": exact})
	two := w.machine("two", nil)
	require.NoError(t, w.remove(instanceToken, two))
	w.machine("three", nil) // a terminated instance gives its vCPUs back
	w.make(parameterToken, "p", values{"name": "/a/b", "type": "String", "value": strings.Repeat("x", 4096)})
	w.make(parameterToken, "q", values{"name": "/a/c", "type": "String", "tier": "Intelligent-Tiering", "value": strings.Repeat("x", 4097)})
	assert.Equal(t, "Advanced", w.read(parameterToken, "/a/c").text("tier"))
}
