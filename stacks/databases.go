package stacks

import (
	"strings"

	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/redis"
)

// Names of PostgreSQL's databases.
const (
	databaseGrowbin   = "growbin"
	databaseAuth      = "auth"
	databaseAnalytics = "analytics"
)

// migrationConnections are those of a database's owner: one migration, and one that was killed and is not yet noticed.
const migrationConnections = 2

// databases is the table of PostgreSQL's databases. Each has a role of the same name as its owner, for migrations, and a role
// per application with the connections of its pools.
func databases() []postgresql.Database { return databasesOf(catalog) }

// databases is the table with the connections of autoscaled pods.
func (s *Settings) databases() []postgresql.Database { return databasesOf(s.bounded(Applications())) }

func databasesOf(rows []Application) []postgresql.Database {
	return []postgresql.Database{
		database(rows, databaseGrowbin, 6),
		database(rows, databaseAuth, 1),
		database(rows, databaseAnalytics, 3),
	}
}

func database(rows []Application, name string, maxGiB int) postgresql.Database {
	d := postgresql.Database{Name: name, Owner: name, MaxGiB: maxGiB, Connections: migrationConnections}
	for _, a := range rows {
		if a.Database == name {
			d.Clients = append(d.Clients, postgresql.Client{Role: a.databaseRole(), Connections: a.databaseConnections()})
		}
	}
	return d
}

// databaseRole returns the application's role in PostgreSQL, e.g. waste_api.
func (a Application) databaseRole() string { return strings.ReplaceAll(a.Name, "-", "_") }

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
