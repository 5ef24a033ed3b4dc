#!/bin/sh
# php-fpm and the nginx before it, which end together.
/usr/sbin/php-fpm8.2 -R -F -n -y php-fpm.conf &
php=$!
/usr/sbin/nginx -p /srv/drover-sample -c both.conf &
nginx=$!
trap 'kill -QUIT $nginx $php' TERM
wait
wait
