package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/credentials"
)

const connectionsType = "growbin:stacks:Connections"

// connections are the addresses, with credentials, that applications are given.
type connections struct {
	pulumi.ResourceState

	stores *stores
	// others do not come from a store.
	others map[connection]pulumi.StringInput
}

// newConnections gathers generated credentials, configured keys and what AWS named.
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

// of returns the value of an application's connection.
func (c *connections) of(a Application, wanted connection) (pulumi.StringInput, error) {
	switch wanted {
	case envDatabase:
		return c.stores.database.URL(a.Database)
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
	return nil, fmt.Errorf("nothing answers for it")
}
