package stacks

import (
	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/redis"
)

// Names of PostgreSQL's databases.
const (
	databaseGrowbin   = "growbin"
	databaseAuth      = "auth"
	databaseAnalytics = "analytics"
)

// databases is the table of PostgreSQL's databases. Each has a role of the same name as its owner. An owner has
// the connections of the pools in the catalog.
func databases() []postgresql.Database {
	return []postgresql.Database{
		{Name: databaseGrowbin, Owner: databaseGrowbin, MaxGiB: 6, Connections: connectionsTo(databaseGrowbin)},
		{Name: databaseAuth, Owner: databaseAuth, MaxGiB: 1, Connections: connectionsTo(databaseAuth)},
		{Name: databaseAnalytics, Owner: databaseAnalytics, MaxGiB: 3, Connections: connectionsTo(databaseAnalytics)},
	}
}

// redisUse is a kind of data that an application keeps in Redis.
type redisUse string

// The uses of Redis.
const (
	redisImageHashes redisUse = "image-hashes"
	redisSessions    redisUse = "sessions"
	redisResults     redisUse = "celery-results"
	redisChatHistory redisUse = "chat-history"
)

// redisUses is the table of Redis's uses. Image hashes can be computed again, so they may be evicted.
func redisUses() []redis.Use {
	return []redis.Use{
		{Name: string(redisImageHashes), Kind: redis.Evictable, Keys: []string{"image-hash:*", "cache:*"}},
		{Name: string(redisResults), Kind: redis.Kept, Database: 0, Keys: []string{"celery-task-meta-*", "celery-taskset-meta-*"}, Channels: []string{"celery-task-meta-*", "celery-taskset-meta-*"}},
		{Name: string(redisSessions), Kind: redis.Kept, Database: 1, Keys: []string{"session:*"}},
		{Name: string(redisChatHistory), Kind: redis.Kept, Database: 2, Keys: []string{"chat:*"}},
	}
}
