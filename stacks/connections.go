package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
)

const connectionsType = "growbin:stacks:Connections"

// connections holds the values of the environment variables that applications need: addresses with credentials, and keys.
type connections struct {
	pulumi.ResourceState

	stores *stores
	// others are the values that do not come from a store.
	others map[connection]pulumi.StringInput
}

// newConnections collects generated credentials, configured keys and the name of the bucket.
func newConnections(ctx *pulumi.Context, s *Settings, c *infrastructure, stores *stores) (*connections, error) {
	out := &connections{stores: stores}
	if err := ctx.RegisterComponentResource(connectionsType, s.ClusterName(), out); err != nil {
		return nil, fmt.Errorf("connections: %w", err)
	}
	signing, other, err := newJWTKeys(ctx, s, pulumi.Parent(out))
	if err != nil {
		return nil, err
	}
	out.others = map[connection]pulumi.StringInput{
		envOpenAIKey: s.OpenAIAPIKey, envKakaoKey: s.KakaoAPIKey, envJWTSecret: signing, envJWTOther: other, envBucket: c.images.Name,
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{})
}

// newJWTKeys generates two keys of tokens of users and returns the one that signs and the other, which is accepted too: tokens
// that are signed with a key stay valid when the other begins to sign.
func newJWTKeys(ctx *pulumi.Context, s *Settings, parent pulumi.ResourceOption) (signing, other pulumi.StringOutput, err error) {
	first, err := credentials.NewPassword(ctx, "jwt-secret", parent)
	if err != nil {
		return signing, other, err
	}
	second, err := credentials.NewPassword(ctx, "jwt-secret-second", parent)
	if s.JWTKey == "second" {
		return second, first, err
	}
	return first, second, err
}

// of returns the value of one environment variable of an application.
func (c *connections) of(a Application, wanted connection) (pulumi.StringInput, error) {
	switch wanted {
	case envDatabase:
		return c.stores.database.URL(a.databaseRole())
	case envRedis:
		return c.stores.redis.URL(string(a.Cache))
	case envResults:
		return c.stores.redis.URL(string(redisResults))
	case envBroker, envRabbitMQ:
		return c.stores.broker.URL(a.Name)
	}
	if value, ok := c.others[wanted]; ok {
		return value, nil
	}
	return nil, fmt.Errorf("no value configured for environment variable %s", wanted)
}
