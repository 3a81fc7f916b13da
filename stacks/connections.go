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
	jwt, err := credentials.NewPassword(ctx, "jwt-secret", pulumi.Parent(out))
	if err != nil {
		return nil, err
	}
	out.others = map[connection]pulumi.StringInput{
		envOpenAIKey: s.OpenAIAPIKey, envKakaoKey: s.KakaoAPIKey, envJWTSecret: jwt, envBucket: c.images.Name,
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{})
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
