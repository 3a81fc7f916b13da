package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDelete_DependentsFirst deletes a resource that others depend on, which fails, then those, then the resource.
func TestDelete_DependentsFirst(t *testing.T) {
	type thing struct{ token, id string }
	for _, tt := range []struct {
		name, code, message string
		// prepare returns the resource to delete and its dependents, in the order of deletion.
		prepare func(w *world) (wanted thing, inTheWay []thing)
	}{
		{"vpc with subnets, group, table and gateway", "DependencyViolation", "has dependencies", func(w *world) (thing, []thing) {
			var way []thing
			for _, token := range []string{
				routeTableAssociationToken, routeToken, routeTableToken, egressRuleToken, securityGroupToken, subnetToken, internetGatewayToken,
			} {
				for id := range w.c.objects[token] {
					way = append(way, thing{token, id})
				}
			}
			return thing{vpcToken, w.vpc}, way
		}},
		{"vpc with only a gateway endpoint", "DependencyViolation", "has dependencies", func(w *world) (thing, []thing) {
			v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
			e := w.make(vpcEndpointToken, "s3", values{"vpcId": v, "serviceName": "com.amazonaws.ap-northeast-2.s3"})
			return thing{vpcToken, v}, []thing{{vpcEndpointToken, e}}
		}},
		{"subnet with an instance", "DependencyViolation", "has dependencies", func(w *world) (thing, []thing) {
			return thing{subnetToken, w.public}, []thing{{instanceToken, w.machine("one", nil)}}
		}},
		{"subnet with a NAT gateway", "DependencyViolation", "has dependencies", func(w *world) (thing, []thing) {
			n := w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": w.make(addressToken, "nat", values{})})
			return thing{subnetToken, w.public}, []thing{{natGatewayToken, n}}
		}},
		{"gateway while an instance has a public address", "DependencyViolation", "mapped public address", func(w *world) (thing, []thing) {
			return thing{internetGatewayToken, w.gateway}, []thing{{instanceToken, w.machine("one", nil)}}
		}},
		{"gateway while an elastic address is mapped", "DependencyViolation", "mapped public address", func(w *world) (thing, []thing) {
			i := w.machine("one", values{"subnetId": w.private})
			a := w.make(addressToken, "one", values{})
			return thing{internetGatewayToken, w.gateway}, []thing{{addressAssociationToken, w.make(addressAssociationToken, "one", values{"allocationId": a, "instanceId": i})}}
		}},
		{"gateway while a NAT gateway uses it", "DependencyViolation", "mapped public address", func(w *world) (thing, []thing) {
			n := w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": w.make(addressToken, "nat", values{})})
			return thing{internetGatewayToken, w.gateway}, []thing{{natGatewayToken, n}}
		}},
		{"route table in use", "DependencyViolation", "has dependencies", func(w *world) (thing, []thing) {
			var way []thing
			for id := range w.c.objects[routeTableAssociationToken] {
				way = append(way, thing{routeTableAssociationToken, id})
			}
			return thing{routeTableToken, w.table}, way
		}},
		{"group of an instance", "DependencyViolation", "dependent object", func(w *world) (thing, []thing) {
			return thing{securityGroupToken, w.group}, []thing{{instanceToken, w.machine("one", nil)}}
		}},
		{"group that another's rule refers to", "DependencyViolation", "dependent object", func(w *world) (thing, []thing) {
			other := w.make(securityGroupToken, "other", values{"vpcId": w.vpc})
			r := w.make(ingressRuleToken, "other", values{"securityGroupId": other, "ipProtocol": "-1", "referencedSecurityGroupId": w.group})
			return thing{securityGroupToken, w.group}, []thing{{ingressRuleToken, r}}
		}},
		{"address in use", "InvalidIPAddress.InUse", "in use", func(w *world) (thing, []thing) {
			a := w.make(addressToken, "one", values{})
			assoc := w.make(addressAssociationToken, "one", values{"allocationId": a, "instanceId": w.machine("one", nil)})
			return thing{addressToken, a}, []thing{{addressAssociationToken, assoc}}
		}},
		{"address of a NAT gateway", "InvalidIPAddress.InUse", "in use", func(w *world) (thing, []thing) {
			a := w.make(addressToken, "nat", values{})
			return thing{addressToken, a}, []thing{{natGatewayToken, w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": a})}}
		}},
		{"volume attached", "VolumeInUse", "currently attached", func(w *world) (thing, []thing) {
			v := w.make(volumeToken, "v", values{"availabilityZone": "ap-northeast-2a", "size": 10})
			a := w.make(volumeAttachmentToken, "v", values{"volumeId": v, "instanceId": w.machine("one", nil), "deviceName": "/dev/sdf"})
			return thing{volumeToken, v}, []thing{{volumeAttachmentToken, a}}
		}},
		{"role in a profile", "DeleteConflict", "instance profile", func(w *world) (thing, []thing) {
			w.role("r")
			return thing{roleToken, "r"}, []thing{{instanceProfileToken, w.make(instanceProfileToken, "p", values{"role": "r"})}}
		}},
		{"role with an attached policy", "DeleteConflict", "detach all policies", func(w *world) (thing, []thing) {
			w.role("r")
			return thing{roleToken, "r"}, []thing{{rolePolicyAttachmentToken, w.make(rolePolicyAttachmentToken, "a", values{"role": "r", "policyArn": coreARN})}}
		}},
		{"role with a policy", "DeleteConflict", "delete policies", func(w *world) (thing, []thing) {
			w.role("r")
			return thing{roleToken, "r"}, []thing{{rolePolicyToken, w.make(rolePolicyToken, "p", values{"role": "r", "policy": policyText("Allow", "ssm:*", "*")})}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := build(t, Options{})
			wanted, inTheWay := tt.prepare(w)
			w.refused(w.remove(wanted.token, wanted.id), tt.code, tt.message)
			for _, x := range inTheWay {
				require.NoError(t, w.remove(x.token, x.id), x.token)
			}
			require.NoError(t, w.remove(wanted.token, wanted.id))
			assert.Nil(t, w.c.find(resourceTypes[wanted.token], wanted.id))
			require.NoError(t, w.remove(wanted.token, wanted.id), "deleting what is gone is no error")
		})
	}
}

func TestBucket_ForceDestroy(t *testing.T) {
	w := newWorld(t, Options{})
	b := w.make(bucketToken, "b", values{})
	require.NoError(t, w.c.PutObject(b, "k", []byte("v")))
	content, err := w.c.GetObject(b, "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(content))
	_, err = w.c.GetObject(b, "other")
	w.refused(err, "NoSuchKey", "other")
	w.refused(w.remove(bucketToken, b), "BucketNotEmpty", "not empty")
	require.NoError(t, w.change(bucketToken, b, values{"forceDestroy": true}))
	require.NoError(t, w.remove(bucketToken, b))
	w.refused(w.c.PutObject(b, "k", nil), "NoSuchBucket", b)
}

func TestLoseInstance_Protected(t *testing.T) {
	w := build(t, Options{})
	i := w.machine("one", values{"disableApiTermination": true})
	require.NoError(t, w.c.LoseInstance(i))
	_, err := w.c.Machine("one")
	require.ErrorContains(t, err, `no machine "one"`)
	assert.ErrorContains(t, w.c.LoseInstance("one"), `no machine "one"`)
}

func TestInstance_TerminationProtection(t *testing.T) {
	w := build(t, Options{})
	in := values{"disableApiTermination": true, "disableApiStop": true}
	i := w.machine("one", in)
	w.refused(w.c.TerminateInstance(i), "OperationNotPermitted", "may not be terminated")
	o := w.c.find(instanceResourceType, i)
	next := o.given.copy()
	next["instanceType"] = "t3.large"
	w.refused(w.change(instanceToken, i, next), "OperationNotPermitted", "may not be stopped")
	assert.Equal(t, "t3.medium", w.read(instanceToken, i).text("instanceType"), "a refused change changes nothing")
	require.NoError(t, w.remove(instanceToken, i), "the provider lifts the protection by itself")
}

// TestLeft_KeptDisk: disks that are to outlive their machine do, and nothing else.
func TestLeft_KeptDisk(t *testing.T) {
	w := build(t, Options{})
	kept := w.machine("kept", values{"rootBlockDevice": values{"deleteOnTermination": false, "volumeSize": 20}})
	gone := w.machine("gone", values{"ebsBlockDevices": []any{values{"deviceName": "/dev/sdf", "volumeSize": 5}}})
	disk := w.read(instanceToken, kept).block("rootBlockDevice").text("volumeId")
	require.NoError(t, w.remove(instanceToken, kept))
	require.NoError(t, w.remove(instanceToken, gone))
	var left []string
	for _, r := range w.c.Left() {
		if !r.Managed {
			left = append(left, r.ID)
		}
	}
	assert.Equal(t, []string{disk}, left)
	require.NoError(t, w.c.DeleteVolume(disk))
}
