# A job of sidekiq that asks a service which answers after so many milliseconds, 0: none, and says when it is done.

require "net/http"
require "sidekiq"

Sidekiq.configure_server { |config| config.redis = { url: "redis://127.0.0.1:18082/0" } }

class Job
  include Sidekiq::Worker

  def perform(number, milliseconds)
    Net::HTTP.get(URI("http://127.0.0.1:18081/wait/#{milliseconds}")) if milliseconds > 0
    Sidekiq.redis { |redis| redis.lpush("done:#{number}", "1") }
  end
end
