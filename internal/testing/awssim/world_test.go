package awssim

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	ubuntu    = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	ubuntuARM = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
	coreARN   = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
	trustEC2  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ5dGVzYnl0ZXNieXRlc2J5dGVzYnl0ZXNieXRlc2J5 someone"
)

// world is an account under test with short ways to change it.
type world struct {
	*testing.T
	c *Cloud
	// The resources of build: a VPC with a gateway, a public subnet in zone a, a private one in zone b, a group that may
	// send anywhere, and an image.
	vpc, gateway, table, public, private, group, image string
}

func newWorld(t *testing.T, options Options) *world {
	t.Helper()
	c := New(options)
	t.Cleanup(c.Close)
	return &world{T: t, c: c}
}

func build(t *testing.T, options Options) *world {
	t.Helper()
	w := newWorld(t, options)
	w.image = w.c.images.parameters[ubuntu]
	w.vpc = w.make(vpcToken, "net", values{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	w.gateway = w.make(internetGatewayToken, "net", values{"vpcId": w.vpc})
	w.table = w.make(routeTableToken, "net", values{"vpcId": w.vpc})
	w.make(routeToken, "net", values{"routeTableId": w.table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": w.gateway})
	w.public = w.make(subnetToken, "public", values{
		"vpcId": w.vpc, "cidrBlock": "10.0.0.0/20", "availabilityZone": "ap-northeast-2a", "mapPublicIpOnLaunch": true,
	})
	w.private = w.make(subnetToken, "private", values{"vpcId": w.vpc, "cidrBlock": "10.0.16.0/20", "availabilityZone": "ap-northeast-2b"})
	w.make(routeTableAssociationToken, "public", values{"subnetId": w.public, "routeTableId": w.table})
	w.group = w.make(securityGroupToken, "nodes", values{"vpcId": w.vpc, "name": "nodes"})
	w.make(egressRuleToken, "nodes", values{"securityGroupId": w.group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
	return w
}

// try makes a resource as a client does.
func (w *world) try(token, name string, in values) (*object, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, err
	}
	admitted, found := rt.admit(name, in.plain(), nil, nil)
	if err := Problems(found).Err(token); err != nil {
		return nil, err
	}
	return w.c.create(rt, name, admitted, nil)
}

func (w *world) make(token, name string, in values) string {
	w.Helper()
	o, err := w.try(token, name, in)
	require.NoError(w, err)
	return o.id
}

func (w *world) machine(name string, in values) string {
	w.Helper()
	o, err := w.launch(name, in)
	require.NoError(w, err)
	return o.id
}

// launch runs an instance, by default in the public subnet.
func (w *world) launch(name string, in values) (*object, error) {
	all := values{
		"ami": w.image, "instanceType": "t3.medium", "subnetId": w.public, "vpcSecurityGroupIds": []any{w.group},
		"tags": values{"Name": name},
	}
	for key, value := range in {
		if all[key] = value; value == nil {
			delete(all, key)
		}
	}
	return w.try(instanceToken, name, all)
}

// change updates a resource to new inputs.
func (w *world) change(token, id string, in values) error {
	rt := resourceTypes[token]
	old := w.read(token, id)
	admitted, found := rt.admit("", in.plain(), old, nil)
	if err := Problems(found).Err(token); err != nil {
		return err
	}
	_, _, err := w.c.change(rt, id, nil, admitted, nil, nil)
	return err
}

func (w *world) remove(token, id string) error { return w.c.remove(resourceTypes[token], id) }

func (w *world) read(token, id string) values {
	w.Helper()
	o := w.c.find(resourceTypes[token], id)
	require.NotNil(w, o, "%s %s", token, id)
	return w.c.outputs(o)
}

// refused requires an AWS error with a code and a part of its message.
func (w *world) refused(err error, code, message string) {
	w.Helper()
	var api *APIError
	require.True(w, errors.As(err, &api), "want the AWS error %s, got: %v", code, err)
	assert.Equal(w, code, api.Code)
	assert.Contains(w, api.Message, message)
	assert.Contains(w, err.Error(), "api error "+code)
}
