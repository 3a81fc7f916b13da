package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestException_EndOfATraceback(t *testing.T) {
	const log = `INFO:     Application startup complete.
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/redis/connection.py", line 389, in connect
    raise ConnectionError(self._error_message(e))
redis.exceptions.ConnectionError: Error -3 connecting to redis-cache.data:6379. Temporary failure in name resolution.
sqlalchemy.exc.TimeoutError: QueuePool limit of size 2 overflow 0 reached
WARNING:  not ready: a store does not answer
`
	assert.Equal(t, []string{
		"redis.exceptions.ConnectionError: Error -3 connecting to redis-cache.data:6379. Temporary failure in name resolution.",
		"sqlalchemy.exc.TimeoutError: QueuePool limit of size 2 overflow 0 reached",
	}, exception.FindAllString(log, -1))
}
