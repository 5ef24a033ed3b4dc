<?php
// The same small application for php-fpm: web.php, and up.php by its other name.
if (basename($_SERVER['SCRIPT_FILENAME']) === 'up.php') {
    file_get_contents('http://127.0.0.1:18081/wait/1500');
}
echo "hello\n";
