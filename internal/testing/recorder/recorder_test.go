package recorder

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failures is a testing.TB that records errors.
type failures struct {
	testing.TB
	messages []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

// object has one property in plain text, one that is secret, and one in a list.
func object(ctx *pulumi.Context) error {
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource("test:index:Parent", "parent", component); err != nil {
		return err
	}
	return ctx.RegisterResource("test:index:Object", "child", pulumi.Map{
		"open":     pulumi.String("visible"),
		"hidden":   pulumi.ToSecret(pulumi.String("password")),
		"metadata": pulumi.Map{"labels": pulumi.StringMap{"app.kubernetes.io/name": pulumi.String("x")}},
		"list":     pulumi.Array{pulumi.Map{"n": pulumi.Int(7)}},
	}, &pulumi.CustomResourceState{}, pulumi.Parent(component), pulumi.IgnoreChanges([]string{"open"}), pulumi.AdditionalSecretOutputs([]string{"open"}))
}

func TestRecorder_Registration(t *testing.T) {
	r, err := Run(object)
	require.NoError(t, err)
	require.Len(t, r.All(), 2)
	child := r.Only(t, "test:index:Object")
	assert.Equal(t, child, r.One(t, "test:index:Object", "child"))
	assert.Equal(t, "urn:pulumi:stack::project::test:index:Parent$test:index:Object::child", child.URN)
	assert.Equal(t, []string{"open"}, child.IgnoreChanges)
	assert.True(t, child.Custom)
	assert.Equal(t, "child-id", child.ID)
	assert.False(t, child.Inputs["open"].IsSecret())
	assert.True(t, child.Outputs["open"].IsSecret(), "an additional secret output")
	assert.Equal(t, "password", child.Value("hidden"))
	assert.Equal(t, 7.0, child.Value("list[0].n"))
	assert.Equal(t, "x", child.Value(`metadata.labels.app\.kubernetes\.io/name`))
	assert.Nil(t, child.Value("list[1].n"))
	assert.Equal(t, "child-1a2b3c", child.Outputs["metadata"].ObjectValue()["name"].StringValue(), "an object without a name gets one")
	var decoded struct{ Hidden string }
	child.Decode(t, &decoded)
	assert.Equal(t, "password", decoded.Hidden)
	_, found := r.Named("test:index:Object", "other")
	assert.False(t, found)
	r.RequireDescend(t, "test:index:Parent")
}

func TestRecorder_Secrets(t *testing.T) {
	r, err := Run(object)
	require.NoError(t, err)
	r.RequireHidden(t, "password")
	r.RequireUsed(t, "password")
	f := &failures{TB: t}
	r.RequireHidden(f, "visible")
	r.RequireUsed(f, "nowhere")
	r.RequireDescend(f, "test:index:Other")
	require.Len(t, f.messages, 4)
	assert.Contains(t, f.messages[0], "child.open")
	assert.Contains(t, f.messages[1], "nowhere")
}

// refusing is a backend that refuses every resource.
type refusing struct{ Echo }

func (refusing) Register(Registration) (string, resource.PropertyMap, error) {
	return "", nil, errors.New("refused")
}

func TestRecorder_RefusedResource(t *testing.T) {
	r, err := RunWith(refusing{}, object)
	require.ErrorContains(t, err, "refused")
	assert.NotEmpty(t, r.All(), "a refused registration is recorded")
}
