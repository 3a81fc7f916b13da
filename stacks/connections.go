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

	// databases are by database, redis by use and brokers by application.
	databases map[string]pulumi.StringInput
	redis     map[redisUse]pulumi.StringInput
	brokers   map[string]pulumi.StringInput
	// others do not depend on the application.
	others map[connection]pulumi.StringInput
}

// of returns the value of an application's connection.
func (c *connections) of(a Application, wanted connection) (pulumi.StringInput, error) {
	var value pulumi.StringInput
	switch wanted {
	case envDatabase:
		value = c.databases[a.Database]
	case envRedis:
		value = c.redis[a.Cache]
	case envResults:
		value = c.redis[redisResults]
	case envBroker, envRabbitMQ:
		value = c.brokers[a.Name]
	default:
		value = c.others[wanted]
	}
	if value == nil {
		return nil, fmt.Errorf("nothing answers for %s (database %q, Redis use %q)", wanted, a.Database, a.Cache)
	}
	return value, nil
}

// newConnections gathers generated credentials, configured keys and what AWS named.
func newConnections(ctx *pulumi.Context, s *Settings, c *cluster) (*connections, error) {
	out := &connections{}
	if err := ctx.RegisterComponentResource(connectionsType, s.ClusterName(), out); err != nil {
		return nil, err
	}
	jwt, err := credentials.NewPassword(ctx, "jwt-secret", pulumi.Parent(out))
	if err != nil {
		return nil, err
	}
	out.databases, out.redis, out.brokers = map[string]pulumi.StringInput{}, map[redisUse]pulumi.StringInput{}, map[string]pulumi.StringInput{}
	out.others = map[connection]pulumi.StringInput{
		envOpenAIKey: s.OpenAIAPIKey, envKakaoKey: s.KakaoAPIKey, envJWTSecret: jwt, envBucket: c.images.Name,
	}
	store := func(user, scheme, host string, port int, path string) (pulumi.StringInput, error) {
		password, err := credentials.NewPassword(ctx, "store-"+user, pulumi.Parent(out))
		if err != nil {
			return nil, err
		}
		return credentials.URL{Scheme: scheme, User: user, Password: password, Host: pulumi.String(host), Port: port, Path: path}.Output(), nil
	}
	for _, database := range []string{databaseGrowbin, databaseAuth, databaseAnalytics} {
		if out.databases[database], err = store(database, "postgresql", "postgresql.data.svc", 5432, database); err != nil {
			return nil, err
		}
	}
	for _, use := range []redisUse{redisImageHashes, redisSessions, redisResults, redisChatHistory} {
		if out.redis[use], err = store(string(use), "redis", "redis.data.svc", 6379, "0"); err != nil {
			return nil, err
		}
	}
	for _, a := range catalogue {
		if out.brokers[a.Name], err = store(a.Name, "amqp", "rabbitmq.data.svc", 5672, "growbin"); err != nil {
			return nil, err
		}
	}
	return out, ctx.RegisterResourceOutputs(out, pulumi.Map{})
}
