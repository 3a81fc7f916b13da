package pulumistack

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
)

func TestDifference_OfSteps(t *testing.T) {
	const instance, provider = "urn:pulumi:dev::growbin::aws:ec2/instance:Instance::k8s-redis", "urn:pulumi:dev::growbin::pulumi:providers:kubernetes::growbin-dev"
	const record, other = "urn:pulumi:dev::growbin::aws:ssm/parameter:Parameter::released-images", "urn:pulumi:dev::growbin::aws:ssm/parameter:Parameter::dumps"
	for _, c := range []struct {
		op        apitype.OpType
		urn, want string
	}{
		{apitype.OpUpdate, instance, "update aws:ec2:Instance k8s-redis"},
		{apitype.OpDelete, instance, "delete aws:ec2:Instance k8s-redis"},
		{apitype.OpReplace, provider, "replace pulumi:providers:kubernetes growbin-dev"},
		{apitype.OpUpdate, provider, ""}, // a renewed kubeconfig
		{apitype.OpUpdate, record, ""},   // after a release
		{apitype.OpDelete, record, "delete aws:ssm:Parameter released-images"},
		{apitype.OpUpdate, other, "update aws:ssm:Parameter dumps"},
		{apitype.OpSame, instance, ""},
		{apitype.OpRefresh, instance, ""},
	} {
		got, differs := difference(apitype.StepEventMetadata{Op: c.op, URN: c.urn}, []string{"released-images"})
		assert.Equal(t, c.want, got, "%s %s", c.op, c.urn)
		assert.Equal(t, c.want != "", differs)
	}
}
