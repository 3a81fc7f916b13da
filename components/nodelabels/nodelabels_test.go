package nodelabels

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func TestNewGuard(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewGuard(ctx, "node-labels")
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, typeToken)
	policy := r.One(t, "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy", "node-labels").Value("spec").(map[string]any)
	assert.Equal(t, "Fail", policy["failurePolicy"])
	binding := r.One(t, "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", "node-labels").Value("spec")
	assert.Equal(t, map[string]any{"policyName": "node-labels", "validationActions": []any{"Deny"}}, binding)
}
